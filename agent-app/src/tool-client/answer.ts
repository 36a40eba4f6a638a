import { parseRetryAfter } from 'service-kit/retry-after'
import type { ToolAnswer } from 'contract/tool'
import { errors } from 'undici'
import { type FailedAnswer, refusal, ToolFailure, ToolServiceUnreachable } from 'engine/errors'
import type { Answer } from 'engine/ports'

/** An HTTP answer, read to its end. */
export interface HttpAnswer {
  status: number
  retryAfter: string | string[] | undefined
  body: string
}

/** What a tool said. Throws ToolFailure when that was no success. */
export function readAnswer(tool: string, { status, retryAfter, body }: HttpAnswer): Answer {
  const said = parseJson(body)
  if (status !== 200) throw failureOf(tool, status, retryAfter, said)
  const payload = said?.payload
  const isAnswer =
    said?.tool === tool &&
    said.ok === true &&
    typeof said.delay_ms === 'number' &&
    typeof payload === 'string' &&
    typeof said.result === 'object' &&
    said.result !== null &&
    typeof said.service === 'string'
  if (isAnswer) return { ...(said as unknown as ToolAnswer), payloadBytes: payload.length }
  throw invalid(`${tool} answered 200 with something that is not a tool's answer`, status)
}

/** An answer that breaks the contract. */
export function invalid(message: string, status?: number): ToolFailure {
  return new ToolFailure('invalid_response', message, status === undefined ? {} : { status })
}

function failureOf(
  tool: string,
  status: number,
  retryAfter: string | string[] | undefined,
  said: Partial<Record<string, unknown>> = {},
): ToolFailure {
  const answer: Omit<FailedAnswer, 'status'> = {}
  if (typeof retryAfter === 'string') answer.retryAfter = retryAfter
  const retryAfterMs = typeof retryAfter === 'string' ? parseRetryAfter(retryAfter) : undefined
  if (retryAfterMs !== undefined) answer.retryAfterMs = retryAfterMs
  if (typeof said.service === 'string') answer.service = said.service
  if (typeof said.delay_ms === 'number') answer.delayMs = said.delay_ms
  return refusal(tool, status, answer)
}

function parseJson(body: string): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** Nobody there to answer, as opposed to somebody who answers badly. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ENOENT',
])

/** HTTP, but not as this client takes it. */
const garbled = new Set([
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_HEADERS_OVERFLOW',
])

/** What an error of the HTTP client means; any other error is returned as it is. `status` is that of the answer that it cut off. */
export function asToolError(tool: string, origin: string, error: unknown, status: number | undefined): unknown {
  if (error instanceof errors.HTTPParserError)
    return invalid(`${tool} did not answer in HTTP: ${error.message}`, status)
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const { code } = error
  if (unreachable.has(code)) {
    return new ToolServiceUnreachable(`No tool-service at ${origin} (${code})`, { cause: error })
  }
  if (garbled.has(code)) return invalid(`${tool} did not answer in HTTP as expected (${code})`, status)
  const answer = status === undefined ? {} : { status }
  return new ToolFailure('connection_reset', `The connection broke while ${tool} was called (${code})`, answer)
}
