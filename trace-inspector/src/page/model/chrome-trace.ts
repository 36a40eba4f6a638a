import { agentOf, type Columns, endOf, nameOf, serviceOf } from './columns.ts'
import { childrenOf, type Tree } from './tree.ts'

/**
 * A trace as Chrome's trace JSON, which Perfetto opens: asynchronous events, because spans overlap as no thread's do, and
 * flow arrows for links. Times are µs.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export function chromeTrace(columns: Columns, tree: Tree, attributesOf: (span: number) => Record<string, unknown>) {
  const lanes = layLanes(columns, tree)
  const us = (time: number) => Math.round(time * 1000)
  const place = (span: number) => ({
    cat: 'span',
    pid: (columns.service[span] as number) + 1,
    tid: 1,
    id: `0x${((lanes[span] as number) + 1).toString(16)}`,
  })
  const processes = columns.services.map((name, index) => ({
    ph: 'M',
    name: 'process_name',
    pid: index + 1,
    args: { name },
  }))
  const spans = inTurn(tree).map(({ span, isEnd }) => {
    const name = nameOf(columns, span)
    if (isEnd) return { ph: 'e', name, ts: us(endOf(columns, span)), ...place(span) }
    const said = { span_id: columns.id[span], service: serviceOf(columns, span), agent: agentOf(columns, span) }
    const args = { ...said, ...attributesOf(span) }
    return { ph: 'b', name, ts: us(columns.start[span] as number), ...place(span), args }
  })
  const marks = columns.events.span.map((span, index) => ({
    ph: 'n',
    name: columns.names[columns.events.name[index] as number] as string,
    ts: us(columns.events.at[index] as number),
    ...place(span),
  }))
  // An arrow goes from the end of what was waited for to the start of what waited.
  const arrows = columns.links.from.flatMap((from, index) => {
    const to = columns.links.to[index] as number
    const arrow = { ph: 'n', name: 'link', bind_id: `0x${(index + 1).toString(16)}` }
    return [
      { ...arrow, ts: us(endOf(columns, to)), ...place(to), flow_out: true },
      { ...arrow, ts: us(columns.start[from] as number), ...place(from), flow_in: true },
    ]
  })
  return {
    displayTimeUnit: 'ms',
    otherData: { trace_id: columns.trace_id, started: startedAt(columns) },
    traceEvents: [...processes, ...spans, ...marks, ...arrows],
  }
}

const startedAt = ({ origin_ms }: Columns) => (origin_ms === null ? null : new Date(origin_ms).toISOString())

/** Beginnings and ends such that what is inside comes in between: of events at one time, readers keep the order. */
function inTurn(tree: Tree): { span: number; isEnd: boolean }[] {
  const turns: { span: number; isEnd: boolean }[] = []
  const open = tree.roots.map((span) => ({ span, isEnd: false })).reverse()
  for (let next = open.pop(); next; next = open.pop()) {
    turns.push(next)
    if (next.isEnd) continue
    open.push({ span: next.span, isEnd: true })
    for (const span of childrenOf(tree, next.span).toReversed()) open.push({ span, isEnd: false })
  }
  return turns
}

/** Rows such that what shares one lies inside one another or apart: a span stays on its parent's where it can. */
function layLanes(columns: Columns, tree: Tree): Int32Array {
  const lanes = new Int32Array(columns.id.length)
  const free: { service: number; until: number }[] = []
  const open = [...tree.roots].reverse()
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    if ((tree.depth[span] as number) === 0)
      lanes[span] = free.push({ service: columns.service[span] as number, until: endOf(columns, span) }) - 1
    let busyUntil = columns.start[span] as number
    for (const child of childrenOf(tree, span)) {
      const start = columns.start[child] as number
      const end = endOf(columns, child)
      const service = columns.service[child] as number
      if (service === columns.service[span] && start >= busyUntil && end <= endOf(columns, span)) {
        lanes[child] = lanes[span] as number
        busyUntil = end
      } else {
        const lane = free.findIndex((each) => each.service === service && each.until <= start)
        lanes[child] = lane >= 0 ? lane : free.length
        free[lanes[child] as number] = { service, until: end }
      }
      open.push(child)
    }
  }
  return lanes
}
