import type { PlantedKind } from 'contract/taxonomy'
import { argumentsOf, call, type CallOptions, otherTool, refusalsOf, refused, someTool } from './calls.ts'
import { readAlong } from './readers.ts'
import { big, slack, slow } from './slow.ts'
import { demandOf } from './demand.ts'
import { Draft, type DraftJob, type Drawn, type Timed } from './draft.ts'
import type { Levels } from './level.ts'
import { underWayIn, scheduleOf } from './schedule.ts'
import { figure, type StreamStep } from './script.ts'
import { around, between, spread, type ToolBaseline } from './world.ts'

/** Of one interval; over a hundred tokens nothing is left of it. */
const intervalSigma = 0.3
/** How long a prompt may be, tokens. */
const shortestPrompt = 300
const longestPrompt = 20_000
/** Between two calls in the background, ms. */
const betweenCallsMs = 250
const betweenCallsSigma = 0.8
const refusalRate = 0.05
/** Share of the stream during which the tool that slows it down is under way: less, or more, could not be told from a slow model. */
const contendedShare = [0.15, 0.8] as const
const nothing = new Set<string>()

const lanesOf = { least: 3, most: 5 }
const callsOf = { least: 5, most: 12 }

/** The model streams beside calls in the background. How far it had come shows at each begin and end of one of them. */
export const streamLevels: Levels<never> = {
  takes: [],
  draft,
  demand: () =>
    demandOf({
      jobs: lanesOf.most,
      lanes: lanesOf.most,
      callsOfJob: callsOf.most,
      beside: lanesOf.most * callsOf.most,
    }),
}

function draft(drawn: Drawn): Draft {
  const { level } = drawn.numbers
  const draft = new Draft(drawn, {
    lead: { name: 'streamer', facts: {} },
    weights: { contention: 0.23, stall: 0.22, slow_ttft: 0.2, slow_background: 0.35 },
  })
  const [kinds, twins] = [compatible(draft.kinds), compatible(draft.twins)]
  const guilty = someTool(draft, draft.random.fork('contention'))
  const timed = streamOf(draft, guilty)
  const { step } = timed
  const lanes = draft.count('lanes', lanesOf.least, lanesOf.most)
  draft.job().steps.push(step)
  draft.timed.push(timed)
  for (let lane = 0; lane < lanes; lane++) background(draft, lane, step.first.ms.base)
  if (draft.has('big payload')) big(draft)
  if (kinds.has('slow_background')) slow(draft, draft.free('slow background'), 'slow_background')
  else if (draft.has('slack', drawn.numbers.decoy * 0.7)) slack(draft)
  if (level === 4 && (kinds.has('contention') || twins.has('contention'))) accompany(draft, guilty)
  if (level > 2) readAlong(draft, step)
  if (kinds.has('slow_ttft')) slow(draft, [timed], 'slow_ttft')
  if (kinds.has('stall')) stall(draft, step)
  if (kinds.has('contention')) contend(draft, step, guilty)
  return draft
}

/**
 * The first of these kinds, and those that go with it. Two faults of one pace cannot be told apart; and the run ends with the
 * stream or with the background, so that a slow one hides behind the other.
 */
function compatible(kinds: readonly PlantedKind[]): ReadonlySet<PlantedKind> {
  const clashing: readonly (readonly PlantedKind[])[] = [
    ['contention', 'stall'],
    ...(['contention', 'stall', 'slow_ttft'] as const).map((kind) => ['slow_background', kind] as const),
  ]
  const taken = new Set<PlantedKind>()
  for (const kind of kinds)
    if (!clashing.some((pair) => pair.includes(kind) && pair.some((other) => other !== kind && taken.has(other))))
      taken.add(kind)
  return taken
}

/** The stream as it is without a fault. */
function streamOf(draft: Draft, guilty: ToolBaseline): Timed & { step: StreamStep } {
  const random = draft.random.fork('stream')
  const model = random.fork('model').pick(draft.world.models)
  const inputTokens = Math.round(shortestPrompt * (longestPrompt / shortestPrompt) ** random.fork('input').float())
  const { ms, residual } = around(random.fork('first'), 300 + 0.05 * inputTokens, draft.numbers.sigma)
  const intervals = random.fork('intervals')
  const tokens = draft.count('tokens', 200, 450)
  const step: StreamStep = {
    kind: 'stream',
    key: draft.keyOf('chat'),
    gapMs: figure(0),
    model: model.name,
    inputTokens,
    first: { ms: figure(ms) },
    intervalsMs: Array.from({ length: tokens - 1 }, () => model.tokenMs * spread(intervals, intervalSigma)),
    sharing: model.sharing,
    contention: { tool: guilty.name, factor: figure(1) },
    stall: { afterTokens: 0, ms: figure(0) },
  }
  return { step, of: step.first, residual, isWaited: true }
}

/** Calls one after another; a refused one is asked again. */
function background(draft: Draft, lane: number, firstMs: number): void {
  const random = draft.random.fork(`background/${lane}`)
  const job = draft.job({ agent: { name: 'background', index: lane } })
  const calls = random.fork('calls').integer(callsOf.least, callsOf.most)
  for (let index = 0; index < calls; index++) {
    const own = random.fork(`call/${index}`)
    const gapMs =
      betweenCallsMs * spread(own.fork('gap'), betweenCallsSigma) + (index === 0 ? between(own, 0, 1.2) * firstMs : 0)
    if (draft.numbers.decoy > 0 && own.fork('refused').chance(refusalRate)) answeredLater(draft, job, { gapMs })
    else call(draft, job, { gapMs })
  }
}

/** A decoy: refused, and answered when asked again. */
function answeredLater(draft: Draft, job: DraftJob, options: CallOptions): void {
  const random = draft.random.fork(`refused ${draft.decoys.length}`)
  const tool = someTool(draft, random)
  const decoy = draft.decoy('rescued')
  const attempt = refused(random, tool, { onlyWith: decoy.id })
  const { step } = call(draft, job, { ...options, tool, refused: [attempt], waitMs: between(random, 10, 60) })
  if (step.kind === 'call') decoy.steps.push(...refusalsOf(step))
}

/** Beside each call of the guilty tool, or who would be it, one of another that costs nothing: who is there too often is not who did it. */
function accompany(draft: Draft, guilty: ToolBaseline): void {
  const other = otherTool(draft, guilty)
  for (const { of, startMs, endMs } of underWayIn(draft, nothing)) {
    if (of !== guilty.name) continue
    const index = draft.jobs.length - 1
    const random = draft.random.fork(`beside/${index}`)
    const size = Math.max(0.05, ((endMs - startMs) / other.medianMs - other.fixed) / (1 - other.fixed))
    const job = draft.job({ agent: { name: 'background', index } })
    const given = argumentsOf(draft, `beside/${index}`)
    call(draft, job, { tool: other, arguments: given, size, gapMs: Math.max(0, startMs - between(random, 5, 30)) })
  }
}

/** A fault: no token comes for a while. */
function stall(draft: Draft, step: StreamStep): void {
  const random = draft.random.fork('stall')
  const { endMs } = scheduleOf(draft, nothing).jobs[0] as { endMs: number }
  const value = Math.round((endMs - step.first.ms.value) * between(random, 0.1, 0.25))
  const fault = draft.fault({ kind: 'stall', entity: { model: step.model }, magnitude: { unit: 'ms', value } })
  const afterTokens = Math.round(step.intervalsMs.length * between(random, 0.2, 0.7))
  step.stall = { afterTokens, ms: { value, base: 0, by: fault.id } }
  fault.steps.push(step.key)
}

/** A fault: while one tool is under way tokens come slowly. Each of its calls beside the stream names it. */
function contend(draft: Draft, step: StreamStep, { name: tool }: ToolBaseline): void {
  const random = draft.random.fork('contention')
  const value = draft.numbers.level === 2 ? between(random, 3, 5) : between(random, 2, 3.5)
  const fault = draft.fault({ kind: 'contention', entity: { tool }, magnitude: { unit: 'factor', value } })
  step.contention = { tool, factor: { value, base: 1, by: fault.id } }
  const firstMs = step.first.ms.value
  const endMs = scheduleOf(draft, nothing).jobs[0]?.endMs ?? 0
  const calls = underWayIn(draft, nothing).filter(
    ({ of, ...call }) => of === tool && call.startMs < endMs && call.endMs > firstMs,
  )
  fault.steps.push(...calls.map(({ key }) => key))
  const moments = Array.from({ length: 60 }, (_, index) => firstMs + ((endMs - firstMs) * index) / 59)
  const contended = moments.filter((at) => calls.some((call) => call.startMs <= at && at < call.endMs))
  const share = contended.length / moments.length
  if (share < contendedShare[0] || share > contendedShare[1]) draft.isHopeless = true
}
