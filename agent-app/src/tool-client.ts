import { Pool } from 'undici'
import type { ToolAnswer } from 'tool-service/contract'
import { onAbort } from 'service-kit/on-abort'
import { behaviorHeader, maxPayloadKb } from 'tool-service/contract'
import { type FailedAnswer, ToolFailure, ToolServiceUnreachable } from './errors.ts'

/** The tools as an agent sees them. */
export interface Tools {
  /** Where they are, for the span: no trailing slash. */
  readonly base: URL
  /**
   * Makes one call, with no retry. Rejects with ToolFailure, ToolServiceUnreachable or the signal's reason.
   * `headers` carry the trace context; `delayMs` is what the call was asked to take.
   */
  call(
    tool: string,
    behavior: string,
    delayMs: number,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<ToolAnswer>
}

/** Nobody there to answer, as opposed to somebody who answers badly. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ENOENT',
])

/** The tools behind HTTP: undici's pool, with one time-out over connection, headers and body. */
export class ToolClient implements Tools {
  readonly base: URL
  readonly #pool: Pool
  readonly #timeoutMs: number

  /** `timeoutMs` is how long an answer may take beyond the delay that was asked for. */
  constructor(base: string, timeoutMs: number) {
    this.base = new URL(base)
    this.#timeoutMs = timeoutMs
    this.#pool = new Pool(this.base.origin, {
      // The pool's own time-outs are shorter than a legal delay; a limit on connections would queue calls unseen.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: timeoutMs },
      maxResponseSize: (maxPayloadKb + 64) * 1024,
    })
  }

  async call(
    tool: string,
    behavior: string,
    delayMs: number,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<ToolAnswer> {
    signal.throwIfAborted()
    const ended = new AbortController()
    const limitMs = delayMs + this.#timeoutMs
    const timer = setTimeout(
      () => ended.abort(new ToolFailure('timeout', `${tool} did not answer within ${Math.round(limitMs)} ms`)),
      limitMs,
    )
    const stay = onAbort(signal, () => ended.abort(signal.reason))
    let status: number | undefined
    try {
      headers[behaviorHeader] = behavior
      const response = await this.#pool.request({
        method: 'GET',
        path: `${this.base.pathname === '/' ? '' : this.base.pathname}/tool/${encodeURIComponent(tool)}`,
        headers,
        signal: ended.signal,
      })
      status = response.statusCode
      const body = await response.body.text()
      if (status !== 200) throw failureOf(tool, status, response.headers['retry-after'], body)
      return readAnswer(tool, body)
    } catch (error) {
      throw asToolError(tool, this.base.origin, error, status)
    } finally {
      clearTimeout(timer)
      stay()
    }
  }

  /** Whether tool-service is there and says that it is well. */
  async isReady(): Promise<boolean> {
    try {
      const response = await this.#pool.request({ method: 'GET', path: '/health', signal: AbortSignal.timeout(2000) })
      await response.body.dump()
      return response.statusCode === 200
    } catch {
      return false
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

function failureOf(tool: string, status: number, retryAfter: string | string[] | undefined, body: string): ToolFailure {
  const answer: FailedAnswer = { status }
  const retryAfterMs = typeof retryAfter === 'string' ? parseRetryAfter(retryAfter) : undefined
  if (retryAfterMs !== undefined) answer.retryAfterMs = retryAfterMs
  const problem = parseJson(body)
  if (typeof problem?.service === 'string') answer.service = problem.service
  if (typeof problem?.delay_ms === 'number') answer.delayMs = problem.delay_ms
  return new ToolFailure(
    status === 503 ? 'tool_unavailable' : 'unexpected_status',
    `${tool} answered ${status}`,
    answer,
  )
}

/** Seconds or a date (RFC 9110, 10.2.3) as ms from now; undefined when it is neither. */
function parseRetryAfter(value: string): number | undefined {
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000
  const fromNow = Date.parse(value) - Date.now()
  return Number.isNaN(fromNow) ? undefined : Math.max(0, fromNow)
}

function parseJson(body: string): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function readAnswer(tool: string, body: string): ToolAnswer {
  const answer = parseJson(body)
  const isAnswer =
    answer?.tool === tool &&
    answer.ok === true &&
    typeof answer.delay_ms === 'number' &&
    typeof answer.payload === 'string' &&
    typeof answer.service === 'string'
  if (isAnswer) return answer as unknown as ToolAnswer
  throw new ToolFailure('invalid_response', `${tool} answered 200 with something that is not a tool's answer`, {
    status: 200,
  })
}

function asToolError(tool: string, origin: string, error: unknown, status: number | undefined): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const { code } = error
  if (unreachable.has(code))
    return new ToolServiceUnreachable(`No tool-service at ${origin} (${code})`, { cause: error })
  const answer = status === undefined ? {} : { status }
  if (
    code.startsWith('HPE_') ||
    code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return new ToolFailure(
      'invalid_response',
      `${tool} answered something that is not HTTP as expected (${code})`,
      answer,
    )
  }
  return new ToolFailure('connection_reset', `The connection broke while ${tool} was called (${code})`, answer)
}
