import { propagation } from '@opentelemetry/api'
import { ati, http } from 'dialects/gen-ai/semconv'
import { encodeBehavior, fails, type ToolAnswer } from 'contract/tool'
import { ToolFailure } from '../errors.ts'
import { drawMs, longestMs } from '../model.ts'
import { backoff, type RetryPolicy } from '../retry-policy.ts'
import type { Step } from '../step.ts'

/** How one logical call behaves. */
export interface CallBehavior {
  /** Median latency and probability of failure that the run was asked for: what every span of the run says. */
  delayMs: number
  errorRate: number
  /** What this very call fails with, where that differs. */
  failureRate?: number
  /** Multiplies the drawn latency, and what to call that. */
  slowdown?: { factor: number; fault: 'straggler' | 'slow_tool' }
  payloadKb?: number
  retry?: RetryPolicy
}

/** The attempts of one logical call, until one succeeds or the last has failed. */
export async function withRetries(call: Step, tool: string, options: CallBehavior): Promise<ToolAnswer> {
  const { run } = call
  await run.turns.next()
  for (let attempt = 0; ; attempt++) {
    try {
      return await attemptCall(call, tool, options, attempt)
    } catch (error) {
      const { retry } = options
      if (!(error instanceof ToolFailure) || !error.isRetryable || !retry || attempt >= retry.maxRetries) throw error
      const random = run.random.fork(`${call.key}/backoff/${attempt + 1}`)
      const { retryAfterMs = 0 } = error.answer
      const waitMs = backoff(retry, attempt + 1, random, retryAfterMs)
      call.event('retry', {
        [ati.retryAttempt]: attempt + 1,
        [ati.retryDelayMs]: Math.round(waitMs),
        // Somebody who looks for impatience finds what the tool had asked for.
        ...(retryAfterMs > waitMs && { [ati.retryAskedMs]: Math.round(retryAfterMs) }),
      })
      await call.spend(waitMs)
    } finally {
      await run.turns.next()
    }
  }
}

/** One HTTP call: a CLIENT span of ours, and the SERVER span that tool-service owes us if it answers. */
function attemptCall(call: Step, tool: string, options: CallBehavior, attempt: number): Promise<ToolAnswer> {
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
