import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { estimateBytes } from './size.ts'

/** How one export ended. */
export type ExportOutcome =
  /**
   * The collector has the spans, but for `rejected` of them (OTLP partial success), which is a whole number from 0 to
   * that of the spans. With none rejected, a reason is a warning.
   */
  | { kind: 'taken'; rejected: number; reason?: string }
  /** It answered success in a way that no OTLP receiver does: whether anybody has the spans is not known. */
  | { kind: 'unconfirmed'; reason: string }
  /** It may take them later: nobody answers, or it asks for patience. */
  | { kind: 'retry'; reason: string; retryAfterMs?: number }
  /** It takes no JSON. The exporter has changed over, and the same spans are to be sent once more, at once. */
  | { kind: 'again'; protocol: 'http/protobuf'; reason: string }
  /** It never will. `code` is an HTTP status, a gRPC one as `grpc 16`, or a word where there was no answer. */
  | { kind: 'refused'; code: string; reason: string }

export interface BatchExporter {
  /** One attempt to hand over `spans`, of `timeoutMs` at most. Throws for what can never be sent. */
  export(spans: ReadableSpan[], timeoutMs: number): Promise<ExportOutcome>
  /** Breaks off what is under way. */
  shutdown(): Promise<void>
}

/**
 * What an `ExportTraceServiceResponse` says of `sent` spans. One that counts rejected spans in no way that makes sense
 * leaves open how many were taken.
 */
export function readAcceptance(response: unknown, sent: number): ExportOutcome {
  if (!isRecord(response)) return { kind: 'unconfirmed', reason: 'an answer that is none of OTLP' }
  const { partialSuccess } = response
  const isOther = partialSuccess === undefined && Object.keys(response).length > 0
  if (isOther || !isRecord(partialSuccess ?? {})) {
    return { kind: 'unconfirmed', reason: `${excerpt(JSON.stringify(response), 100)}, which is no answer of OTLP` }
  }
  const { rejectedSpans, errorMessage } = (partialSuccess ?? {}) as Record<string, unknown>
  const rejected = wholeNumber(rejectedSpans ?? 0)
  if (rejected === undefined || rejected > sent) {
    const said = excerpt(JSON.stringify(rejectedSpans), 100)
    return { kind: 'unconfirmed', reason: `rejectedSpans ${said} for ${sent} spans, which says nothing of the others` }
  }
  const reason = typeof errorMessage === 'string' ? excerpt(errorMessage) : ''
  return { kind: 'taken', rejected, ...(reason && { reason }) }
}

/** A count as OTLP writes it, in JSON as text; undefined for anything else. */
function wholeNumber(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Turned down for their size: with the biggest span named. */
export function withBiggest<Refused extends { reason: string }>(outcome: Refused, spans: ReadableSpan[]): Refused {
  const biggest = spans.reduce((a, b) => (estimateBytes(b) > estimateBytes(a) ? b : a))
  const kib = Math.ceil(estimateBytes(biggest) / 1024)
  const which = `the biggest of ${spans.length} spans is ${biggest.name}, about ${kib} KiB`
  return { ...outcome, reason: `${outcome.reason}; ${which}` }
}

/** The beginning of a text on one line, with `…` where it was cut off; empty when it is no text. */
export function excerpt(text: string, length = 300): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return /\p{Cc}|\ufffd/u.test(line) ? '' : line.length > length ? `${line.slice(0, length)}…` : line
}
