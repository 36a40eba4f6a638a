import type { LedgerAnswer } from 'contract/ledger'
import type { Trace } from '../../trace.ts'
import { compare, nothing } from '../../verify/compare.ts'
import { otlp } from '../../verify/transport.ts'
import { type Expectation, isRunning } from '../../verify/expectation.ts'
import { flag } from '../model/columns.ts'
import type { Note } from '../model/note.ts'
import type { Drawn } from './drawn.ts'

export interface AgainstLedger {
  /** Whether spans may still come. */
  isRunning: boolean
  /** By id of a received span. */
  flags: Map<string, number>
  /** Spans that only the ledger knows, where it says they happened. */
  lost: Drawn[]
  notes: Record<string, Note>
}

/** More than this nobody reads one by one; every span is marked all the same. */
const mostNotes = 1000

/** Marks every span that is not as the run made it, and brings back those that are not there at all. */
export function compareWithLedger(ledger: LedgerAnswer, trace: Trace | undefined): AgainstLedger {
  const { missing, flaws } = compare(ledger, trace ?? nothing, otlp)
  const flags = new Map<string, number>()
  const notes: Record<string, Note> = {}
  let noted = 0
  const noteOf = (id: string, key: string): Note | undefined =>
    notes[id] ?? (noted++ < mostNotes ? (notes[id] = { key, changes: [] }) : undefined)
  for (const { found, expectation, span } of flaws) {
    // Who has no parent here is marked by the picture, with a ledger or without.
    if (!span || found.kind === 'orphaned') continue
    if (expectation) {
      flags.set(span.spanId, flag.altered)
      noteOf(span.spanId, expectation.step.key)?.changes.push(found)
    } else if (found.kind === 'unexpected') flags.set(span.spanId, flag.unexpected)
  }
  const lost = missing.map((expectation) => {
    const { step, parent } = expectation
    const id = idOf(expectation)
    const note = noteOf(id, step.key)
    if (note) note.attributes = expectation.attributes
    return {
      spanId: id,
      parentSpanId: parent ? idOf(parent) : expectation.parentSpanId,
      name: expectation.name,
      service: step.service,
      agent: step.facts.operation === 'http_client' ? '' : (step.agent_id ?? ''),
      startMs: step.start_ms,
      endMs: step.start_ms + (step.duration_ms as number),
      flags:
        flag.lost |
        (step.status === 'error' ? flag.error : 0) |
        (step.facts.operation === 'human_feedback' ? flag.idle : 0),
      events: expectation.events.map(({ name, time_ms }) => ({ name, timeMs: time_ms })),
      links: expectation.links.map(({ span_id }) => span_id),
    }
  })
  return { isRunning: ledger.runs.some(isRunning), flags, lost, notes }
}

/** Nobody was told the id of a SERVER span of another service; there is one below each call. */
const idOf = ({ step, parentSpanId }: Expectation) => step.span_id ?? `lost-below-${parentSpanId}`
