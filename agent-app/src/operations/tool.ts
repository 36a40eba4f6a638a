import { propagation } from '@opentelemetry/api'
import type { Random } from 'service-kit/random'
import { ati, genAi, http, openInferenceKind } from 'service-kit/semconv'
import { encodeBehavior, fails, type ToolAnswer } from 'tool-service/contract'
import { ToolFailure } from '../errors.ts'
import { drawMs, hex, longestMs, provider } from '../model.ts'
import type { Step } from '../step.ts'

/** The tools that agents have, and what a model is told of them. */
export const toolDescriptions = {
  search: 'Searches the web',
  database: 'Queries the records',
  calculator: 'Evaluates an expression',
  calendar: 'Looks up and books dates',
  mail: 'Reads and sends mail',
} as const
export const toolNames = Object.keys(toolDescriptions) as (keyof typeof toolDescriptions)[]

/** The tool of the worker with this index. */
export function toolOf(index: number): string {
  return toolNames[index % toolNames.length] as string
}

export interface RetryPolicy {
  /** Attempts after the first. */
  maxRetries: number
  backoffMs: number
  backoffMaxMs: number
  /** `full` draws each back-off from 0 to its bound; `none` waits for the bound. */
  jitter: 'none' | 'full'
}

export interface ToolCallOptions {
  /** Which of several calls of one agent. */
  index?: number
  /** Median latency and probability of failure that the run was asked for: what every span of the run says. */
  delayMs: number
  errorRate: number
  /** What this very call fails with, where that differs. */
  failureRate?: number
  /** Multiplies the drawn latency, and what to call that. */
  slowdown?: { factor: number; fault: 'straggler' | 'slow_tool' }
  payloadKb?: number
  retry?: RetryPolicy
  /** The call that a model asked for; drawn where none did. */
  callId?: string
  /** Names the step of a loop, from 0. */
  loopStep?: number
}

/** How long to wait before attempt `attempt` (1 for the first resend), ms: exponential, and what the tool asked for if that is longer. */
export function backoff(policy: RetryPolicy, attempt: number, random: Random, retryAfterMs = 0): number {
  const bound = Math.min(policy.backoffMs * 2 ** (attempt - 1), policy.backoffMaxMs)
  return Math.max(policy.jitter === 'full' ? random.float() * bound : bound, retryAfterMs)
}

/** An identifier for a tool call, as a model would give it. */
export function drawCallId(random: Random): string {
  return `call_${hex(random, 24)}`
}

/** One logical call. Whoever reads along hears of its end. */
export async function executeTool(agent: Step, tool: string, options: ToolCallOptions): Promise<ToolAnswer> {
  const { run } = agent
  const startMs = run.clock.now()
  const report = (ok: boolean) =>
    run.emit({ type: 'tool', index: options.index ?? 0, tool, ok, duration_ms: run.clock.now() - startMs })
  try {
    const answer = await callTool(agent, tool, options)
    await report(true)
    return answer
  } catch (error) {
    if (error instanceof ToolFailure) await report(false)
    throw error
  }
}

function callTool(agent: Step, tool: string, options: ToolCallOptions): Promise<ToolAnswer> {
  const { run } = agent
  const key = options.index === undefined ? `${agent.key}/call` : `${agent.key}/call/${options.index}`
  const callId = options.callId ?? drawCallId(run.random.fork(`${key}/id`))
  const description = (toolDescriptions as Record<string, string>)[tool]
  return agent.open(
    {
      key,
      operation: 'execute_tool',
      name: `execute_tool ${tool}`,
      kind: 'internal',
      spanKind: 'tool_call',
      // A factor of 1 is no fault: nothing could be seen of it.
      ...(options.slowdown && options.slowdown.factor > 1 && { injected: { fault: options.slowdown.fault } }),
      attributes: {
        [genAi.operationName]: 'execute_tool',
        [genAi.toolName]: tool,
        [genAi.toolCallId]: callId,
        [genAi.toolType]: 'function',
        ...(description && { [genAi.toolDescription]: description }),
        ...askedAttributes(tool, options),
      },
    },
    async (call) => {
      if (run.captureContent) call.set({ [genAi.toolArguments]: JSON.stringify({ query: key }) })
      const answer = await withRetries(call, tool, options)
      if (run.captureContent) call.set({ [genAi.toolResult]: JSON.stringify({ tool, ok: answer.ok }) })
      return answer
    },
  )
}

/** Fetches `documents` documents; their text is the answer's payload, their ids and scores are content on the span. */
export function retrieve(
  agent: Step,
  source: string,
  options: ToolCallOptions & { documents: number },
): Promise<ToolAnswer> {
  const { run } = agent
  return agent.open(
    {
      key: `${agent.key}/retrieval`,
      operation: 'retrieval',
      name: `retrieval ${source}`,
      kind: 'client',
      spanKind: 'tool_call',
      attributes: {
        [genAi.operationName]: 'retrieval',
        [genAi.providerName]: provider,
        [genAi.dataSourceId]: source,
        [openInferenceKind]: 'RETRIEVER',
        ...askedAttributes(source, options),
      },
    },
    async (call) => {
      const answer = await withRetries(call, source, options)
      if (run.captureContent) call.set({ [genAi.retrievalDocuments]: documentsJson(call.random, options.documents) })
      return answer
    },
  )
}

function documentsJson(random: Random, count: number): string {
  const documents = Array.from({ length: count }, (_, index) => ({ id: `doc-${index}`, score: random.float() }))
  return JSON.stringify(documents.toSorted((a, b) => b.score - a.score))
}

/** What the run was asked for, the same on every call of it: a culprit's span must not say that it is one. */
function askedAttributes(tool: string, options: ToolCallOptions) {
  return {
    [ati.toolName]: tool,
    [ati.toolDelayMs]: options.delayMs,
    [ati.toolErrorRate]: options.errorRate,
    ...(options.payloadKb !== undefined && { [ati.toolPayloadKb]: options.payloadKb }),
    ...(options.retry && { [ati.retryMax]: options.retry.maxRetries }),
    ...(options.loopStep !== undefined && { [ati.step]: options.loopStep }),
  }
}

async function withRetries(call: Step, tool: string, options: ToolCallOptions): Promise<ToolAnswer> {
  const { run } = call
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptCall(call, tool, options, attempt)
    } catch (error) {
      const { retry } = options
      if (!(error instanceof ToolFailure) || !error.isRetryable || !retry || attempt >= retry.maxRetries) throw error
      const random = run.random.fork(`${call.key}/backoff/${attempt + 1}`)
      const waitMs = backoff(retry, attempt + 1, random, error.answer.retryAfterMs)
      call.event('retry', { [ati.retryAttempt]: attempt + 1, [ati.retryDelayMs]: waitMs })
      await call.spend(waitMs)
    }
  }
}

/** One HTTP call: a CLIENT span of ours, and the SERVER span that tool-service owes us if it answers. */
function attemptCall(call: Step, tool: string, options: ToolCallOptions, attempt: number): Promise<ToolAnswer> {
  const { run } = call
  const key = `${call.key}/${attempt}`
  const factor = options.slowdown?.factor ?? 1
  const delayMs = Math.min(drawMs(run.random.fork(key), options.delayMs, run.jitter) * factor, longestMs)
  const errorRate = options.failureRate ?? options.errorRate
  const willFail = fails({ errorRate, seed: run.seed, key })
  const { base } = run.tools
  return call.open(
    {
      key,
      operation: 'http_client',
      name: 'GET',
      kind: 'client',
      attempt,
      injected: { drawn_ms: delayMs, ...(willFail && { fault: 'failure' as const }) },
      attributes: {
        [http.method]: 'GET',
        [http.urlFull]: `${base.origin}${base.pathname === '/' ? '' : base.pathname}/tool/${encodeURIComponent(tool)}`,
        [http.serverAddress]: base.hostname,
        [http.serverPort]: Number(base.port) || (base.protocol === 'https:' ? 443 : 80),
        ...(attempt > 0 && { [http.resendCount]: attempt }),
      },
    },
    async (client) => {
      const headers: Record<string, string> = {}
      propagation.inject(client.context, headers)
      const { payloadKb = 0 } = options
      const behavior = encodeBehavior({ delayMs, errorRate, payloadKb, seed: run.seed, key })
      client.idealMs += delayMs
      run.toolCallsInFlight++
      try {
        const answer = await run.tools.call(tool, behavior, { delayMs, payloadKb }, headers, run.signal)
        client.set({ [http.statusCode]: 200 })
        client.record.tool = { delay_ms: answer.delay_ms, ok: true, payload_bytes: answer.payload.length }
        expectServerSpan(client, answer.service)
        return answer
      } catch (error) {
        if (error instanceof ToolFailure) describeFailure(client, error)
        throw error
      } finally {
        run.toolCallsInFlight--
      }
    },
  )
}

function describeFailure(client: Step, { message, errorType, answer }: ToolFailure): void {
  const { status, service, delayMs } = answer
  if (status !== undefined) client.set({ [http.statusCode]: status })
  // The HTTP convention: the status where that is what failed, a word where it is not.
  client.fail(status !== undefined && status >= 400 ? String(status) : errorType, message)
  if (delayMs !== undefined) client.record.tool = { delay_ms: delayMs, ok: false, payload_bytes: 0 }
  if (service !== undefined) expectServerSpan(client, service, status)
}

/** Writes down the span that tool-service makes of a call that it answered; its id and times are its own. */
function expectServerSpan(client: Step, service: string, status = 200): void {
  const { record, run } = client
  const failed = status >= 500
  const expected = run.ledger.open({
    parent_id: record.id,
    key: `${record.key}/server`,
    operation: 'http_server',
    agent_id: null,
    span_id: null,
    name: 'GET /tool/:tool_name',
    kind: 'server',
    service,
    attributes: {},
    start_ms: record.start_ms,
  })
  expected.duration_ms = run.clock.now() - record.start_ms
  if (!failed) return
  expected.status = 'error'
  expected.error_type = String(status)
}
