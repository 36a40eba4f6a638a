import { call, refused, rescued, someTool } from './calls.ts'
import { big, delay, drift, isRequired, slack, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { demandOf } from './demand.ts'
import { agentOf, Draft, type DraftJob, drawIndices, type Drawn, isUntouched } from './draft.ts'
import type { Levels } from './level.ts'
import { scheduleOf } from './schedule.ts'
import { between } from './world.ts'

const linksOf = { least: 30, most: 70 }

/** Links in a row, and fetches beside them that nobody waits for. */
export const chainLevels: Levels<'depth'> = {
  takes: ['depth'],
  draft,
  demand: ({ depth }) => {
    const links = Number(depth ?? linksOf.most)
    return demandOf({ jobs: links, lanes: 1, callsOfJob: 1, beside: links })
  },
}

function draft(drawn: Drawn, params: Readonly<Record<string, unknown>>): Draft {
  const { level } = drawn.numbers
  const links = Number(params.depth ?? drawn.random.fork('links').integer(linksOf.least, linksOf.most))
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner', chain_depth: links } },
    weights: { slow_link: 0.5, ...(level > 2 && { gap: 0.25 }), tool_slow: 0.25 },
  })
  draft.lanes = 1
  think(draft, draft.before, { tokens: 0 }, { asksForTool: false })
  const order = drawIndices(draft.random.fork('links that fail'), links, links)
  const saved = new Set(order.splice(0, draft.has('rescued') ? draft.count('rescued', 1, 4) : 0))
  const patient = draft.has('asked wait') ? order.pop() : undefined
  const prefetches = draft.has('prefetches')
  for (let index = 0; index < links; index++) {
    const job = draft.job({ agent: { name: 'link', index, facts: { chain_index: index } } })
    if (saved.has(index)) rescued(draft, job)
    else if (index === patient) waitAsAsked(draft, job)
    else call(draft, job)
    if (prefetches && index < links * 0.6 && draft.has(`prefetch/${index}`, 0.1)) prefetch(draft, index)
  }
  if (draft.has('big payload')) big(draft)
  plant(draft)
  const beside = draft.timed.filter((timed) => !timed.isWaited && isUntouched(timed))
  if (beside.length > 0 && draft.has('slack')) slack(draft, beside, () => endEarly(draft))
  if (!endEarly(draft)) draft.isHopeless = true
  return draft
}

/** Of the run: what nobody waits for has ended by then, so that nobody does without a fault either. */
const latestShare = 0.8

function endEarly(draft: Draft): boolean {
  const { totalMs, jobs } = scheduleOf(draft, new Set(draft.faults.map(({ id }) => id)))
  return jobs.every(({ endMs }, index) => draft.jobs[index]?.beside === undefined || endMs < latestShare * totalMs)
}

function plant(draft: Draft): void {
  const { kinds } = draft
  if (kinds.includes('tool_slow')) drift(draft)
  kinds.forEach((kind, index) => kind === 'slow_link' && slow(draft, draft.free(`link/${index}`), kind))
  kinds.forEach((kind, index) => kind === 'gap' && pause(draft, index))
}

/** A fault: a link does nothing for 5 to 15 % of the run. */
function pause(draft: Draft, index: number): void {
  const { random, numbers, timed } = draft
  const { totalMs } = scheduleOf(draft, new Set(draft.faults.map(({ id }) => id)))
  const ms = totalMs * between(random.fork(`gap/${index}`), 0.05, 0.15)
  const fault = draft.fault({ kind: 'gap', entity: {}, magnitude: { unit: 'ms', value: ms } })
  // At level 4 every other time it is a link whose call is slow as well, where there is one.
  const slowed = timed.filter(({ of, step }) => of.ms.by?.startsWith('slow_link') && step.gapMs.by === undefined)
  const free =
    numbers.level === 4 && slowed.length > 0 && draft.has('gap in a slow link', 0.5)
      ? slowed
      : draft.free(`gap/${index}`)
  const steps = free.map(({ step }) => step)
  const struck = delay(draft, steps, ms, fault.id, isRequired)
  if (!struck) return
  fault.steps.push(struck.key)
  fault.entity = { agent: agentOf(struck) }
}

/** A decoy: the tool asked for the wait that a link makes. */
function waitAsAsked(draft: Draft, job: DraftJob): void {
  const random = draft.random.fork('asked wait')
  const tool = someTool(draft, random)
  const retryAfterS = random.integer(1, 3)
  const refusal = refused(random, tool, { status: 429, retryAfterS })
  const { step } = call(draft, job, { tool, refused: [refusal], waitMs: retryAfterS * 1020 })
  draft.decoy('asked wait').steps.push(step.key)
}

/** Nobody waits for it: it begins with a link, beside it. */
function prefetch(draft: Draft, index: number): void {
  const beside = draft.jobs.findIndex(({ agent }) => agent?.name === 'link' && agent.index === index)
  const job = draft.job({ agent: { name: 'prefetch', index }, beside })
  call(draft, job, { size: between(draft.random.fork(`prefetch size/${index}`), 1, 6) })
}
