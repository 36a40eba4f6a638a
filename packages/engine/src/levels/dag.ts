import { call, gaveUp, rescued, waitingArguments } from './calls.ts'
import { big, delay, isNothing, isRequired, slack, slackKind, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { demandOf } from './demand.ts'
import { agentOf, Draft, type DraftJob, type Drawn } from './draft.ts'
import type { Levels } from './level.ts'
import type { ScriptStep } from './script.ts'
import { between, shuffled } from './world.ts'

const branchesOf = { least: 10, most: 26 }
const layersAtLevel4 = 3

/** Branches of a few calls, some of which wait for another, and a join. */
export const dagLevels: Levels<'fanout'> = {
  takes: ['fanout'],
  draft,
  demand: ({ fanout }) => {
    const branches = Number(fanout ?? branchesOf.most)
    return demandOf({ jobs: branches + 1, lanes: branches + 1, callsOfJob: 6 })
  },
}

function draft(drawn: Drawn, params: Readonly<Record<string, unknown>>): Draft {
  const branches = Number(params.fanout ?? drawn.random.fork('branches').integer(branchesOf.least, branchesOf.most))
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner', branches } },
    weights: { slow_branch: 0.5, late_start: 0.3, failed: 0.2 },
  })
  const { random, numbers, kinds } = draft
  think(draft, draft.before, { tokens: 0 }, { asksForTool: false })
  const appointed = draft.has('appointed') ? draft.count('appointed at', 0, branches - 1) : -1
  for (let index = 0; index < branches; index++) {
    const own = random.fork(`branch/${index}`)
    const after = inputsOf(draft, index, branches)
    const job = draft.job({ agent: { name: 'branch', index, facts: { worker_index: index } }, after })
    if (index === appointed) callAsAppointed(draft, job)
    for (let calls = own.integer(2, 5); calls > 0; calls--) {
      if (own.chance(0.06)) rescued(draft, job)
      else call(draft, job)
    }
  }
  kinds.forEach((kind, index) => {
    if (kind === 'failed') gaveUp(draft, draft.jobs[draft.count(`failed/${index}`, 0, branches - 1)] as DraftJob)
  })
  if (draft.has('big payload')) big(draft)
  const firsts = draft.jobs.flatMap(({ steps }) => steps[0] ?? [])
  join(draft)
  kinds.forEach((kind, index) => {
    if (kind === 'slow_branch') slow(draft, draft.free(`branch/${index}`), kind)
    if (kind === 'late_start') startLate(draft, firsts, index)
  })
  if (draft.has('late with slack')) startLateUnseen(draft, firsts)
  if (draft.has('slack', numbers.decoy * 0.7)) slack(draft)
  return draft
}

/** A decoy: a branch begins when it was to. */
function callAsAppointed(draft: Draft, job: DraftJob): void {
  const afterS = draft.count('appointed for', 1, 4)
  const gapMs = afterS * 1000 * between(draft.random.fork('appointed'), 1, 1.03)
  const { step } = call(draft, job, { arguments: waitingArguments(draft, 'appointed', afterS), gapMs })
  draft.decoy('appointed').steps.push(step.key)
}

/** Which earlier branches one waits for: at level 2 none, at level 4 one of the layer before its own. */
function inputsOf({ random, numbers }: Draft, index: number, branches: number): number[] {
  const own = random.fork(`inputs/${index}`)
  if (numbers.level === 2 || index === 0) return []
  if (numbers.level === 3) return own.chance(0.35) ? [own.integer(0, index - 1)] : []
  const size = Math.ceil(branches / layersAtLevel4)
  const layer = Math.floor(index / size)
  return layer === 0 ? [] : [own.integer((layer - 1) * size, layer * size - 1)]
}

/** Waits for all branches, and says what came of them. */
function join(draft: Draft): void {
  const after = draft.jobs.map((_, index) => index)
  const job = draft.job({ agent: { name: 'aggregator' }, after })
  think(draft, job.steps, { tokens: 0 }, { asksForTool: false, outputTokens: draft.count('answer', 20, 60) }, job)
}

const untouched = (draft: Draft, firsts: readonly ScriptStep[], what: string) =>
  shuffled(
    draft.random.fork(what),
    firsts.filter(({ gapMs }) => gapMs.by === undefined),
  )

/** A fault: a branch does nothing for long after all that it waited for is there. */
function startLate(draft: Draft, firsts: readonly ScriptStep[], index: number): void {
  const ms = between(draft.random.fork(`late/${index}`), 800, 4000)
  const fault = draft.fault({ kind: 'late_start', entity: {}, magnitude: { unit: 'ms', value: ms } })
  const struck = delay(draft, untouched(draft, firsts, `late start/${index}`), ms, fault.id, isRequired)
  if (!struck) return
  fault.steps.push(struck.key)
  fault.entity = { agent: agentOf(struck) }
}

/** A decoy without a verdict: a late start that costs nothing. */
function startLateUnseen(draft: Draft, firsts: readonly ScriptStep[]): void {
  const decoy = draft.decoy(slackKind, true)
  const ms = between(draft.random.fork('late with slack'), 300, 2000)
  const struck = delay(draft, untouched(draft, firsts, 'late start with slack'), ms, decoy.id, isNothing)
  if (struck) decoy.steps.push(struck.key)
}
