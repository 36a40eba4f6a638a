import type { LedgerAnswer } from 'contract/ledger'
import { round } from 'findings/step'
import { ati } from 'dialects/gen-ai/names'
import type { ReceivedSpan } from '../../otlp/span.ts'
import { extentOf, oddityOf, originOf } from '../../times.ts'
import type { Trace } from '../../trace.ts'
import { Words } from '../../words.ts'
import { type Columns, flag } from '../model/columns.ts'
import { withoutCircles } from '../model/tree.ts'
import type { Drawn } from './drawn.ts'
import { compareWithLedger, type Judged } from './judge.ts'

export interface PictureAnswer {
  columns: Columns
  /** What the ledger says of spans that are lost or altered, by id; absent where it was not asked. */
  judged?: Judged['notes']
}

/** What came of a trace, to be drawn. With a ledger also what did not come, where it happened. */
export function pictureOf(traceId: string, trace: Trace | undefined, ledger?: LedgerAnswer): PictureAnswer {
  const received = [...(trace?.spans.values() ?? [])]
  const judged = ledger && compareWithLedger(ledger, trace)
  const drawn = received.map((span) => drawReceived(span, judged?.flags.get(span.spanId) ?? 0))
  if (judged) drawn.push(...judged.lost)
  const columns = toColumns(traceId, drawn, !judged?.isRunning)
  return judged ? { columns, judged: judged.notes } : { columns }
}

function drawReceived(span: ReceivedSpan, flags: number): Drawn {
  const { attributes } = span
  const agent = attributes[ati.agentId]
  return {
    id: span.spanId,
    parentId: span.parentSpanId,
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
function toColumns(traceId: string, spans: readonly Drawn[], isWhole: boolean): Columns {
  const first = originOf(spans)
  const origin = first ?? 0
  const drawn = spans
    .map((span) => ({ ...span, ...extentOf(span, origin), flags: span.flags | timeFlagOf(span) }))
    .sort((a, b) => a.startMs - b.startMs)
  const names = new Words()
  const services = new Words()
  const agents = new Words()
  const places = new Map(drawn.map(({ id }, place) => [id, place]))
  const columns: Columns = {
    trace_id: traceId,
    origin_ms: first,
    names: names.list,
    services: services.list,
    agents: agents.list,
    id: drawn.map(({ id }) => id),
    parent: withoutCircles(drawn.map(({ parentId }) => (parentId === null ? -1 : (places.get(parentId) ?? -1)))),
    name: drawn.map(({ name }) => names.place(name)),
    service: drawn.map(({ service }) => services.place(service)),
    agent: drawn.map(({ agent }) => (agent ? agents.place(agent) : -1)),
    start: drawn.map(({ startMs }) => round(startMs - origin)),
    duration: drawn.map(({ startMs, endMs }) => round(endMs - startMs)),
    flags: drawn.map(({ flags, parentId }) =>
      isWhole && parentId !== null && !places.has(parentId) ? flags | flag.orphaned : flags,
    ),
    events: { span: [], at: [], name: [] },
    links: { from: [], to: [] },
  }
  drawn.forEach(({ events, links }, span) => {
    for (const { name, timeMs } of events) {
      if (timeMs === null) continue
      columns.events.span.push(span)
      columns.events.at.push(round(timeMs - origin))
      columns.events.name.push(names.place(name))
    }
    for (const link of links) {
      const to = places.get(link)
      if (to === undefined) continue
      columns.links.from.push(span)
      columns.links.to.push(to)
    }
  })
  return columns
}

function timeFlagOf(span: Drawn): number {
  const oddity = oddityOf(span)
  return oddity ? flag[oddity] : 0
}
