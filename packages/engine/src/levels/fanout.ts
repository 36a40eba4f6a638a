import type { Levels } from './level.ts'
import { demandOf } from './demand.ts'
import { call, gaveUp, optional, rescued } from './calls.ts'
import { big, drift, slack, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { Draft, drawIndices, type Drawn } from './draft.ts'

const workersOf = { least: 60, most: 150 }
const lanesOf = { least: 12, most: 20 }

/** Many workers with one call each, in lanes. */
export const fanoutLevels: Levels<'fanout' | 'concurrency'> = {
  takes: ['fanout', 'concurrency'],
  draft,
  demand: ({ fanout, concurrency }) =>
    demandOf({ jobs: Number(fanout ?? workersOf.most), lanes: Number(concurrency ?? lanesOf.most), callsOfJob: 1 }),
}

function draft(drawn: Drawn, params: Readonly<Record<string, unknown>>): Draft {
  const { level } = drawn.numbers
  const workers = Number(params.fanout ?? drawn.random.fork('workers').integer(workersOf.least, workersOf.most))
  const lanes = Number(params.concurrency ?? drawn.random.fork('lanes').integer(lanesOf.least, lanesOf.most))
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
  const dispensable = new Set(order.splice(0, draft.has('optional') ? draft.count('optional', 1, 2) : 0))
  for (let index = 0; index < workers; index++) {
    const job = draft.job({ agent: { name: 'worker', index, facts: { worker_index: index } } })
    if (lost.has(index)) gaveUp(draft, job)
    else if (saved.has(index)) rescued(draft, job)
    else if (dispensable.has(index)) optional(draft, job)
    else call(draft, job)
  }
  if (draft.has('big payload')) big(draft)
  if (kinds.includes('tool_slow')) drift(draft)
  kinds.forEach((kind, index) => kind === 'straggler' && slow(draft, draft.free(`straggler/${index}`), kind))
  if (draft.has('slack', draft.numbers.decoy * 0.7)) slack(draft)
  return draft
}
