import type { Random } from 'contract/random'
import {
  call,
  type CallOptions,
  otherTool,
  refusalsOf,
  refused,
  someTool,
  unanswered,
  waitingArguments,
} from './calls.ts'
import { big } from './slow.ts'
import { think } from './thoughts.ts'
import { demandOf } from './demand.ts'
import { Draft, type DraftJob, drawIndices, type Drawn } from './draft.ts'
import { drawFaultyTools, type FaultyTool, faultyTools, settleTools } from './faulty-tools.ts'
import type { Levels } from './level.ts'
import { type Attempt, type CallStep, figure } from './script.ts'
import { between, type ToolBaseline } from './world.ts'

const workersOf = { least: 60, most: 120 }
const lanesOf = { least: 8, most: 16 }
/** Of a call that is wrong and sent again unchanged. */
const mostAttemptsOfWrong = 6

/** Flaky tools, whose failures are sent again. */
export const retryLevels: Levels<'fanout' | 'concurrency'> = {
  takes: ['fanout', 'concurrency'],
  draft,
  demand: ({ fanout, concurrency }) =>
    demandOf({
      jobs: Number(fanout ?? workersOf.most),
      lanes: Number(concurrency ?? lanesOf.most),
      callsOfJob: 1,
      // What came too early is answered after as many.
      attempts: mostAttemptsOfWrong + 1,
    }),
}

function draft(drawn: Drawn, params: Readonly<Record<string, unknown>>): Draft {
  const workers = Number(params.fanout ?? drawn.random.fork('workers').integer(workersOf.least, workersOf.most))
  const lanes = Number(params.concurrency ?? drawn.random.fork('lanes').integer(lanesOf.least, lanesOf.most))
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner', fanout: workers, concurrency: lanes } },
    weights: { faulty_tool: 0.45, backoff: 0.3, not_retryable: 0.25 },
  })
  draft.lanes = lanes
  think(draft, draft.before, { tokens: 0 }, { asksForTool: false })
  const fateOf = drawFates(draft, workers)
  const faulty = draft.kinds.includes('faulty_tool') ? drawFaultyTools(draft) : []
  for (let index = 0; index < workers; index++) {
    const job = draft.job({ agent: { name: 'worker', index, facts: { worker_index: index } } })
    const random = draft.random.fork(`work/${index}`)
    const tool = someTool(draft, random.fork('tool'))
    fates[fateOf.get(index) ?? 'usual'](draft, job, { random, tool, faulty: faulty.find((each) => each.tool === tool) })
  }
  settleTools(draft, faulty)
  if (draft.has('big payload')) big(draft)
  return draft
}

/** Calls of which it is decided how they go; all others go as their tool's failure rate says. */
function drawFates(draft: Draft, workers: number): Map<number, keyof typeof fates> {
  const pool = drawIndices(draft.random.fork('fates'), workers, workers)
  const fateOf = new Map<number, keyof typeof fates>()
  const give = (fate: keyof typeof fates, count: number) => {
    for (const index of pool.splice(0, count)) fateOf.set(index, fate)
  }
  if (draft.kinds.includes('not_retryable')) give('wrong', draft.count('wrong', 2, 4))
  if (draft.kinds.includes('backoff')) give('impatient', draft.count('impatient', 1, 2))
  const twins = draft.twins.filter((kind) => kind === 'backoff').length
  give(draft.has('twin in arguments', 0.5) ? 'unhurried' : 'longPatient', twins)
  if (draft.has('patient')) give('patient', draft.count('patient', 1, 2))
  if (draft.has('unhurried')) give('unhurried', draft.count('unhurried', 1, 2))
  if (draft.has('fallback')) give('fallback', draft.count('fallback', 1, 3))
  if (draft.has('mended')) give('mended', draft.count('mended', 1, 3))
  if (draft.has('early')) give('early', draft.count('early', 1, 2))
  return fateOf
}

interface Work {
  random: Random
  tool: ToolBaseline
  faulty: FaultyTool | undefined
}

/** Doubles each time, and is drawn from 0 to that, ms. */
const backoffMs = (random: Random, attempt: number) => 50 * 2 ** attempt * random.float()

/** Refused as invalid as often as that is sent again unchanged. */
const refusedAgain = (random: Random, tool: ToolBaseline) =>
  Array.from({ length: random.integer(5, mostAttemptsOfWrong) }, (_, index) => {
    const waitMs = index === 0 ? 0 : between(random, ...againMs)
    return refused(random, tool, { status: 422, waitMs })
  })
const againMs = [50, 140] as const

/** How a call goes. */
const fates = {
  /** A fault: it is wrong, and sent again unchanged until there are no attempts left. */
  wrong(draft: Draft, job: DraftJob, { random, tool }: Work): void {
    const refusals = refusedAgain(random, tool)
    const magnitude = { unit: 'times', value: refusals.length } as const
    const fault = draft.fault({
      kind: 'not_retryable',
      entity: { tool: tool.name },
      magnitude,
      losesCall: true,
      changesOutcome: true,
    })
    const attempts = refusals.map((attempt) => ({ ...attempt, onlyWith: fault.id }))
    const answered = { ...refused(random, tool), status: 200, bytes: 1024, onlyWithout: fault.id }
    const step = unanswered(draft, job, { tool, attempts: [...attempts, answered] })
    fault.steps.push(...refusalsOf(step))
  },

  /** A fault: the client waits for seconds before it sends again, and nobody asked it to. */
  impatient(draft: Draft, job: DraftJob, { random, tool }: Work): void {
    const waitMs = between(random, 4, 15) * 1000
    const fault = draft.fault({
      kind: 'backoff',
      entity: { tool: tool.name },
      magnitude: { unit: 'ms', value: waitMs },
    })
    const { step, of } = call(draft, job, { tool, refused: [refused(random, tool)] })
    ;(of as Attempt).waitMs = { value: waitMs, base: 60, by: fault.id }
    fault.steps.push(`${step.key}/0`, `${step.key}/1`)
  },

  /** A decoy, and the twin of such a back-off: the tool asked for the wait. */
  longPatient: (draft: Draft, job: DraftJob, work: Work) => waitAsAsked(draft, job, work, work.random.integer(4, 15)),
  patient(draft: Draft, job: DraftJob, work: Work): void {
    const { random } = work
    waitAsAsked(draft, job, work, random.chance(0.4) ? random.integer(4, 15) : random.integer(1, 3))
  },

  /** A decoy, and a twin as well: it was asked for with that wait. */
  unhurried(draft: Draft, job: DraftJob, { random, tool }: Work): void {
    const afterS = random.integer(4, 15)
    const given = waitingArguments(draft, `unhurried/${draft.jobs.indexOf(job)}`, afterS)
    const waitMs = afterS * 1000 * between(random, 1, 1.03)
    const { step } = call(draft, job, { tool, arguments: given, refused: [refused(random, tool)], waitMs })
    draft.decoy('unhurried').steps.push(`${step.key}/0`, `${step.key}/1`)
  },

  /** A decoy: all attempts fail, and another tool answers. */
  fallback(draft: Draft, job: DraftJob, { random, tool, faulty }: Work): void {
    const { mostAttempts } = faultyTools[draft.numbers.level]
    const decoy = draft.decoy('fallback')
    const attempts = Array.from({ length: mostAttempts }, (_, index) =>
      refused(random, tool, { waitMs: index === 0 ? 0 : backoffMs(random, index), onlyWith: decoy.id }),
    )
    const step = unanswered(draft, job, { tool, attempts, onlyWith: decoy.id })
    // Where its tool is the faulty one, nothing tells these failures from the others.
    if (faulty) faulty.fault.steps.push(...refusalsOf(step))
    else decoy.steps.push(step.key)
    call(draft, job, { tool: otherTool(draft, tool), arguments: step.arguments, gapMs: 20 })
  },

  /** A decoy: a request that is wrong is mended at once, and answered. */
  mended(draft: Draft, job: DraftJob, { random, tool }: Work): void {
    const decoy = draft.decoy('mended')
    const attempts = [refused(random, tool, { status: 422, onlyWith: decoy.id })]
    const step = unanswered(draft, job, { tool, attempts, onlyWith: decoy.id })
    decoy.steps.push(step.key)
    const mended = JSON.stringify({ ...(JSON.parse(step.arguments) as object), limit: 20 })
    call(draft, job, { tool, arguments: mended, gapMs: 30 })
  },

  /** A decoy: what it is about is not there yet, so that it is refused as often, and in the end answered unchanged. */
  early(draft: Draft, job: DraftJob, { random, tool }: Work): void {
    const { step } = call(draft, job, {
      tool,
      refused: refusedAgain(random, tool),
      waitMs: between(random, ...againMs),
    })
    draft.decoy('too early').steps.push(...refusalsOf(step as CallStep))
  },

  /** As often as the tool fails it is sent again; after the last attempt another tool is asked. */
  usual(draft: Draft, job: DraftJob, { random, tool, faulty }: Work): void {
    const { mostAttempts } = faultyTools[draft.numbers.level]
    const draws = Array.from({ length: mostAttempts }, () => random.float())
    const waits = Array.from({ length: mostAttempts }, (_, index) => (index === 0 ? 0 : backoffMs(random, index)))
    const failuresAt = (rate: number) => {
      const answered = draws.findIndex((draw) => draw >= rate)
      return answered < 0 ? mostAttempts : answered
    }
    const natural = failuresAt(tool.failureRate)
    const failures = faulty ? failuresAt(Math.max(faulty.rate, tool.failureRate)) : natural
    if (failures === 0) return void call(draft, job, { tool })
    const by = faulty?.fault.id
    const decoy = faulty ? undefined : draft.decoy('retried')
    const refusals = Array.from({ length: failures }, (_, index) =>
      refused(random, tool, { waitMs: waits[index] ?? 0, onlyWith: index < natural ? decoy?.id : by }),
    )
    const step = afterFailures(draft, job, { tool, refusals, waits, natural, faulty })
    decoy?.steps.push(...refusalsOf(step))
    if (faulty && failures === mostAttempts && natural < mostAttempts) faulty.losesCall = true
  },
}

/** The call that these attempts are refused of: answered by the next one, or by another tool, or with a faulty tool lost. */
function afterFailures(
  draft: Draft,
  job: DraftJob,
  {
    tool,
    refusals,
    waits,
    natural,
    faulty,
  }: Pick<Work, 'tool' | 'faulty'> & { refusals: Attempt[]; waits: number[]; natural: number },
): CallStep {
  const { mostAttempts } = faultyTools[draft.numbers.level]
  const by = faulty?.fault.id
  const [wait, naturalWait] = [refusals.length, natural].map((attempt) => waits[attempt] ?? 0) as [number, number]
  if (refusals.length < mostAttempts || natural < mostAttempts) {
    const { step, of } = call(draft, job, { tool, refused: refusals })
    const answered = of as Attempt
    answered.waitMs = by === undefined ? figure(wait) : { value: wait, base: naturalWait, by }
    if (refusals.length === mostAttempts) {
      answered.onlyWithout = by
      draft.timed.pop()
    }
    return step as CallStep
  }
  const lost = unanswered(draft, job, { tool, attempts: refusals })
  const fallback: CallOptions = { tool: otherTool(draft, tool), arguments: lost.arguments, gapMs: 20 }
  const { step } = call(draft, job, fallback)
  // Where a tool is faulty nobody asks another.
  step.onlyWithout = by
  if (by !== undefined) draft.timed.pop()
  return lost
}

function waitAsAsked(draft: Draft, job: DraftJob, { random, tool }: Work, retryAfterS: number): void {
  const refusal = refused(random, tool, { status: 429, retryAfterS })
  const { step } = call(draft, job, { tool, refused: [refusal], waitMs: retryAfterS * 1020 })
  draft.decoy('asked wait').steps.push(`${step.key}/0`, `${step.key}/1`)
}
