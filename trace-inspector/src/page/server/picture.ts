import type { LedgerAnswer } from 'contract/ledger'
import { ati } from 'dialects/gen-ai/names'
import { encode, noParent } from '../../encode.ts'
import type { ReceivedSpan } from '../../otlp/span.ts'
import { oddityOf } from '../../times.ts'
import type { Trace } from '../../trace.ts'
import type { Stitched } from '../../session/stitched.ts'
import { Words } from '../../words.ts'
import { type Columns, flag } from '../model/columns.ts'
import { withoutCircles } from '../model/tree.ts'
import type { Drawn } from './drawn.ts'
import { type AgainstLedger, compareWithLedger } from './against-ledger.ts'

export interface PictureAnswer {
  columns: Columns
  /** What the ledger says of spans that are lost or altered, by id; absent where it was not asked. */
  judged?: AgainstLedger['notes']
}

/** What came of a trace, to be drawn. With a ledger also what did not come, where it happened; stitched, also what was severed from it. */
export function pictureOf(
  traceId: string,
  trace: Trace | undefined,
  { ledger, stitched }: { ledger?: LedgerAnswer | undefined; stitched?: Stitched | undefined } = {},
): PictureAnswer {
  const received = [...(trace?.spans.values() ?? [])]
  const against = ledger && compareWithLedger(ledger, trace)
  const drawn = received.map((span) => drawReceived(span, against?.flags.get(span.spanId) ?? 0))
  if (against) drawn.push(...against.lost)
  const { spans: others = [], seams } = stitched ?? {}
  drawn.push(...others.map((span) => drawReceived(span, seams?.has(span.spanId) ? flag.stitched : 0)))
  const columns = toColumns(traceId, drawn, !against?.isRunning)
  return against ? { columns, judged: against.notes } : { columns }
}

function drawReceived(span: ReceivedSpan, flags: number): Drawn {
  const { attributes } = span
  const agent = attributes[ati.agentId]
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    service: span.service,
    agent: typeof agent === 'string' ? agent : '',
    startMs: span.startMs,
    endMs: span.endMs,
    flags:
      flags | (span.status === 'error' ? flag.error : 0) | (attributes[ati.spanKind] === 'interactive' ? flag.idle : 0),
    events: span.events,
    links: span.links.filter(({ traceId }) => traceId === span.traceId).map(({ spanId }) => spanId),
  }
}

/** Of a trace that is not whole yet, nobody can say that a parent was lost. */
function toColumns(traceId: string, drawn: readonly Drawn[], isWhole: boolean): Columns {
  const { spans, places, originMs, since, names, services, columns } = encode(drawn)
  const agents = new Words()
  const events: Columns['events'] = { span: [], at: [], name: [] }
  const links: Columns['links'] = { from: [], to: [] }
  spans.forEach((span, place) => {
    for (const { name, timeMs } of span.events) {
      if (timeMs === null) continue
      events.span.push(place)
      events.at.push(since(timeMs))
      events.name.push(names.place(name))
    }
    for (const link of span.links) {
      const to = places.get(link)
      if (to === undefined) continue
      links.from.push(place)
      links.to.push(to)
    }
  })
  const isOrphan = (place: number) => isWhole && columns.parent[place] === noParent.absent
  return {
    trace_id: traceId,
    origin_ms: originMs,
    names: names.list,
    services: services.list,
    agents: agents.list,
    ...columns,
    parent: withoutCircles(columns.parent.map((parent) => Math.max(parent, noParent.root))),
    agent: spans.map(({ agent }) => (agent ? agents.place(agent) : -1)),
    flags: spans.map((span, place) => span.flags | timeFlagOf(span) | (isOrphan(place) ? flag.orphaned : 0)),
    events,
    links,
  }
}

function timeFlagOf(span: Drawn): number {
  const oddity = oddityOf(span)
  return oddity ? flag[oddity] : 0
}
