import type { LedgerStep } from 'contract/ledger'
import { fails } from 'contract/tool'
import { refusalOf } from 'contract/toolbox'
import type { FaultDeclaration } from '../key/register.ts'
import { type CallFailure, ToolFailure, UndeclaredDemand } from '../errors.ts'
import type { Slower } from '../planted.ts'
import type { Answer, Asked, ToolCall } from '../ports.ts'
import { backoff, type RetryPolicy } from '../retry-policy.ts'
import type { OpenStep } from '../open-step.ts'

/** How one logical call behaves. */
export interface CallBehavior {
  /** Median latency and probability of failure that the run was asked for: what every span of the run says. */
  delayMs: number
  errorRate: number
  /** What this very call fails with, where that differs. */
  failureRate?: number
  slowdown?: Slower | undefined
  payloadKb?: number
  retry?: RetryPolicy
  /** How its answer is wrong that comes with a 200. */
  flaw?: ToolCall['flaw']
  /** Another version, another answer to the same arguments; 0 unless given. */
  version?: number | undefined
}

/** The same with what the tool is asked. */
export type AskedBehavior = CallBehavior & { asked: Asked }

/** The attempts of one logical call, until one succeeds or the last has failed. */
export function withRetries(call: OpenStep, tool: string, options: AskedBehavior): Promise<Answer> {
  const isAlone = !options.retry && !call.run.pause
  return isAlone ? attemptCall(call, tool, options, 0) : attemptCalls(call, tool, options)
}

async function attemptCalls(call: OpenStep, tool: string, options: AskedBehavior): Promise<Answer> {
  const { run } = call
  const before = run.pause?.(1)
  if (before) await before
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptCall(call, tool, options, attempt)
    } catch (error) {
      const { retry } = options
      if (!(error instanceof ToolFailure) || !error.isRetryable || !retry || attempt >= retry.maxRetries) throw error
      const random = run.random.fork(`${call.key}/backoff/${attempt + 1}`)
      await waitBefore(call, attempt + 1, backoff(retry, attempt + 1, random, error.answer.retryAfterMs), error)
    } finally {
      const after = run.pause?.(1)
      if (after) await after
    }
  }
}

/** Waits so long before the next attempt, which is said on the call. */
export async function waitBefore(call: OpenStep, attempt: number, waitMs: number, failure: CallFailure): Promise<void> {
  const { retryAfterMs = 0 } = failure.answer
  call.event({
    name: 'retry',
    time_ms: call.run.clock.now(),
    attempt,
    delay_ms: Math.round(waitMs),
    // Somebody who looks for impatience finds what the tool had asked for.
    asked_ms: retryAfterMs > waitMs ? Math.round(retryAfterMs) : undefined,
  })
  await call.spend(waitMs)
}

/** Draws an attempt, and makes it. */
function attemptCall(call: OpenStep, tool: string, options: AskedBehavior, attempt: number): Promise<Answer> {
  const { run } = call
  const { toolSeed: seed } = run
  const key = `${call.key}/${attempt}`
  const factor = options.slowdown?.factor ?? 1
  const drawnMs = run.profile.toolMs(run.random.fork(key), tool, options.delayMs, run.jitter)
  const { payloadKb = 0, asked, flaw, version } = options
  // What is wrong is refused at once, whatever else would have become of it.
  const isRefused = !asked.isDrawn && refusalOf(tool, asked.text) !== undefined
  const delayMs = isRefused ? 0 : Math.min(drawnMs * factor, run.profile.longestMs)
  const errorRate = run.planted.failureRateOf(tool, options.failureRate ?? options.errorRate)
  const failure = () => {
    const asked = { errorRate: options.errorRate, maxRetries: options.retry?.maxRetries ?? 0 }
    return failureOf({ run, key: call.key, agentId: call.record.agent_id }, tool, asked, errorRate)
  }
  const willFail = !isRefused && fails({ errorRate, seed, key }) && run.faults.strikes(failure(), key)
  const injected = willFail ? { drawn_ms: delayMs, fault: 'failure' as const } : { drawn_ms: delayMs }
  const behavior = { tool, delayMs, errorRate, fails: willFail, payloadKb, asked, flaw, version }
  return makeAttempt(call, attempt, behavior, injected)
}

/** One HTTP call: a CLIENT span of ours, and the SERVER span that tool-service owes us if it answers. */
export function makeAttempt(
  call: OpenStep,
  attempt: number,
  behavior: Omit<ToolCall, 'seed' | 'key'>,
  injected: LedgerStep['injected'],
): Promise<Answer> {
  const { run } = call
  const { tool, delayMs } = behavior
  const key = `${call.key}/${attempt}`
  const { url, server_address, server_port } = run.tools.addressOf(tool)
  return call.open(
    {
      key,
      injected,
      facts: { operation: 'http_client', method: 'GET', url, server_address, server_port, attempt },
    },
    (client) => {
      client.idealMs += delayMs
      return callTool(client, { ...behavior, seed: run.toolSeed, key })
    },
  )
}

/**
 * Which fault an attempt fails by that fails at `errorRate`. A tool that fails more often than its run was asked for is faulty,
 * and so is one whose calls were rescued by a resend; what nobody rescues is a fault of its own.
 */
export function failureOf(
  call: { run: OpenStep['run']; key: string; agentId: string | null },
  tool: string,
  options: { errorRate: number; maxRetries: number },
  errorRate: number,
): FaultDeclaration {
  const { toolSeed: seed } = call.run
  const attempts = 1 + options.maxRetries
  let losesCall = true
  for (let attempt = 0; attempt < attempts && losesCall; attempt++)
    losesCall = fails({ errorRate, seed, key: `${call.key}/${attempt}` })
  const magnitude = { unit: 'rate', value: errorRate } as const
  if (!losesCall || errorRate > options.errorRate)
    return { id: `faulty_tool/${tool}`, kind: 'faulty_tool', entity: { tool }, magnitude, losesCall }
  const { agentId: agent } = call
  const entity = agent === null ? { tool } : { tool, agent }
  return { id: `failed/${call.key}`, kind: 'failed', entity, losesCall }
}

async function callTool(client: OpenStep, call: ToolCall): Promise<Answer> {
  const { run } = client
  const { demand } = run
  run.toolCalls++
  run.toolCallsInFlight++
  try {
    if (run.toolCalls > demand.calls) throw new UndeclaredDemand('tool calls', demand.calls)
    if (run.toolCallsInFlight > demand.callsAtOnce) throw new UndeclaredDemand('tool calls at once', demand.callsAtOnce)
    const answer = await run.tools.call(call, client.span, run.signal)
    client.learn<'http_client'>({ status: 200, ...(call.payloadKb > 0 && { response_bytes: answer.payloadBytes }) })
    client.record.tool = { delay_ms: answer.delay_ms, ok: true, payload_bytes: answer.payloadBytes }
    expectServerSpan(client, answer.service)
    return answer
  } catch (error) {
    if (error instanceof ToolFailure) describeFailure(client, error)
    throw error
  } finally {
    run.toolCallsInFlight--
  }
}

function describeFailure(client: OpenStep, { message, errorType, answer }: ToolFailure): void {
  const { status, service, delayMs, retryAfter } = answer
  if (status !== undefined)
    client.learn<'http_client'>({ status, ...(retryAfter !== undefined && { retry_after: retryAfter }) })
  // The HTTP convention: the status where that is what failed, a word where it is not.
  client.fail(status !== undefined && status >= 400 ? String(status) : errorType, message)
  if (delayMs !== undefined) client.record.tool = { delay_ms: delayMs, ok: false, payload_bytes: 0 }
  if (service !== undefined) expectServerSpan(client, service, status)
}

/** Writes down the span that tool-service makes of a call that it answered; its id and times are its own. */
function expectServerSpan(client: OpenStep, service: string, status = 200): void {
  const { record, run } = client
  const expected = run.ledger.open({
    parent_id: record.id,
    key: `${record.key}/server`,
    agent_id: null,
    span_id: null,
    service,
    facts: { operation: 'http_server', method: 'GET', route: '/tool/:tool_name' },
    start_ms: record.start_ms,
  })
  expected.duration_ms = run.clock.now() - record.start_ms
  if (status < 500) return
  expected.status = 'error'
  expected.error_type = String(status)
}
