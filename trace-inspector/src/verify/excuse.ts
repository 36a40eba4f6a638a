import type { LedgerAnswer, Sender } from 'contract/ledger'
import type { Traces } from '../traces.ts'

/** Why spans may be missing that no pipeline lost; what it explains is no difference. */
export interface Excuse {
  /**
   * `forgotten`: trace-inspector had them, or it or another in its place may have had them, and has them no more. `queued`: their sender still has them.
   * `elsewhere`: nothing of their sender has ever come, and it sends to another place.
   */
  verdict: 'forgotten' | 'queued' | 'elsewhere'
  /** In a sentence. */
  why: string
}

/** The excuse for spans of a trace that are missing, if there is one. `begunAt` is its first run's start, by `performance.now()`. */
export function excuseOf(ledger: LedgerAnswer, begunAt: number, traces: Traces): Excuse | undefined {
  const { trace_id: traceId, senders } = ledger
  if (traces.hasEvicted(traceId))
    return { verdict: 'forgotten', why: 'Spans of this trace came, and had to go to bound memory (INSPECTOR_MIB)' }
  const waiting = queuedExcuse(ledger)
  if (waiting) return waiting
  if (begunAt < traces.knowsSince) {
    const since = sinceOf(traces).toISOString()
    return {
      verdict: 'forgotten',
      why: `The run began before ${since}; trace-inspector does not know all that came until then`,
    }
  }
  const goElsewhere = senders.length > 0 && !senders.some(({ service }) => traces.hasSeen(service))
  if (goElsewhere && !traces.find(traceId))
    return { verdict: 'elsewhere', why: `${whereTo(senders)}, and none has ever come here` }
  return undefined
}

/** The excuse that senders have, whoever asks: of several destinations, one that has all its spans has none. */
export function queuedExcuse({ senders }: LedgerAnswer): Excuse | undefined {
  const least = ({ destinations }: Sender) => Math.min(...destinations.map(({ queued }) => queued))
  const waiting = senders.filter((sender) => sender.destinations.length > 0 && least(sender) > 0)
  if (waiting.length === 0) return undefined
  const why = waiting.map(
    (sender) => `${least(sender)} spans or less still wait at ${sender.service} for ${places(sender)}`,
  )
  return { verdict: 'queued', why: why.join('; ') }
}

/** Where senders say that their spans go. */
export function whereTo(senders: readonly Sender[]): string {
  const where = (sender: Sender) => (sender.destinations.length > 0 ? `to ${places(sender)}` : 'nowhere by OTLP')
  return senders.map((sender) => `${sender.service} sends its spans ${where(sender)}`).join('; ')
}

const places = ({ destinations }: Sender) => destinations.map(({ endpoint }) => endpoint).join(' and ')

/** The time from which on it is known which traces came. */
export function sinceOf({ knowsSince }: Traces): Date {
  return new Date(Date.now() - (performance.now() - knowsSince))
}
