import { big, call, drift, gaveUp, rescued, slack, slow, think } from './blocks.ts'
import { Draft, drawIndices, type Drawn } from './draft.ts'

/** Many workers with one call each, in lanes. */
export function fanout(drawn: Drawn, asked: { fanout?: number | undefined; concurrency?: number | undefined }): Draft {
  const { level } = drawn.numbers
  const workers = asked.fanout ?? drawn.random.fork('workers').integer(60, 150)
  const lanes = asked.concurrency ?? drawn.random.fork('lanes').integer(12, 20)
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner', fanout: workers, concurrency: lanes } },
    weights: { straggler: 0.5, failed: 0.25, ...(level > 2 && { tool_slow: 0.25 }) },
  })
  draft.lanes = lanes
  think(draft, draft.before, { tokens: 0 }, { asksForTool: false })
  const { kinds } = draft
  const order = drawIndices(draft.random.fork('workers that fail'), workers, workers)
  const saved = new Set(order.splice(0, draft.has('rescued') ? draft.count('rescued', 2, 6) : 0))
  const lost = new Set(order.splice(0, kinds.filter((kind) => kind === 'failed').length))
  for (let index = 0; index < workers; index++) {
    const job = draft.job({ agent: { name: 'worker', index } })
    if (lost.has(index)) gaveUp(draft, job)
    else if (saved.has(index)) rescued(draft, job)
    else call(draft, job)
  }
  if (draft.has('big payload')) big(draft)
  kinds.forEach((kind, index) => {
    if (kind === 'straggler') slow(draft, draft.some(`straggler/${index}`), kind)
    if (kind === 'tool_slow') drift(draft)
  })
  if (draft.has('slack', draft.numbers.decoy * 0.7)) slack(draft)
  return draft
}
