import type { Random } from 'contract/random'
import type { PlantedKind } from 'contract/taxonomy'
import { argumentsOf, deepArguments, depthIn, gapOf, resultOf } from './calls.ts'
import { type Trigger, latencyOf } from './crowd.ts'
import { attemptsAt, blameOf, symptomsOf, type CrowdCall, type CrowdOf, CrowdRuns } from './crowd-script.ts'
import { Draft, type Drawn } from './draft.ts'
import type { Levels } from './level.ts'
import { type CallStep, figure } from './script.ts'
import { think } from './thoughts.ts'
import { between, shuffled, spread, type ToolBaseline, toolMs, usualBytes } from './world.ts'

const agents = 5
const retries = 3
/** Calls that wait for a tool at most. */
const queue = 8
/** Calls come for so long, ms. */
const lengthMs = 14_000
/** How often a tool fails by itself. */
const usualRate = 0.02
/** How long such a failure takes, ms. */
const failsInMs = 5
/** From the first refusal on, who waits in the queue is a victim; what had just begun is not, ms. */
const graceMs = 500
/** So long after a trigger its traces are neither right nor wrong, ms. */
const afterMs = 3000
/** What a trigger costs everybody else at least, and what a decoy may, as shares of the calls' time. */
const leastHarm = 0.15
const mostHarmOfDecoy = 0.05
const fewestRefusals = 8
/** Of the usual spreads of sizes and depths: more would fill queues by chance. */
const spreadShare = 0.6
/** Of what explains its time a call has so many times the usual. */
const bigTimes = [8, 14] as const
/** Tools of these medians have a capacity: slower ones hardly fill a queue. */
const medians = [80, 200, 600]

/** Calls at once at most: what each tool does and lets wait, and what is being refused. */
const mostCalls = 2500

/** Three tools of limited capacity, and five agents whose calls come when they come. */
export const cascadeLevels: Levels<never> = {
  takes: [],
  draft,
  demand: () => ({
    callsAtOnce: mostCalls,
    calls: mostCalls * (retries + 1),
    steps: 8 + agents + mostCalls * (1 + 2 * (retries + 1)),
  }),
}

interface Tool {
  baseline: ToolBaseline
  capacity: number
  /** Calls of all agents, each second. */
  rate: number
  /** Of each agent. */
  shares: readonly number[]
}

/** A while, ms. */
interface While {
  fromMs: number
  toMs: number
}

function draft(drawn: Drawn): Draft {
  const draft = new Draft(drawn, {
    lead: { name: 'planner', facts: { role: 'planner', fanout: agents } },
    weights: { surge: 0.4, capacity_loss: 0.3, slow_service: 0.3 },
  })
  think(draft, draft.before, { tokens: 0 }, { asksForTool: false })
  const { random, world } = draft
  const limited = shuffled(
    random.fork('tools'),
    world.tools.filter(({ medianMs }) => medians.includes(medianMs)),
  )
  // The slowest would hardly fill its queue in time where two are struck, or it becomes slower: it is left for what is harmless.
  if (draft.numbers.level === 4 || draft.kinds[0] === 'slow_service')
    limited.sort((a, b) => Number(a.medianMs === medians[2]) - Number(b.medianMs === medians[2]))
  const tools = limited.map((baseline) => toolOf(random.fork(`tool/${baseline.name}`), baseline))
  const triggers = triggersOf(draft, tools)
  const burst = burstOf(draft, tools)
  const arrivals = arrivalsOf(draft, tools, [...triggers, ...(burst ? [burst] : [])])
  const crowd: CrowdOf = {
    agents,
    capacities: new Map(tools.map(({ baseline, capacity }) => [baseline.name, capacity])),
    queue,
    arrivals,
    triggers,
    beside: quota(draft, tools, arrivals.length),
  }
  const runs = new CrowdRuns(crowd)
  draft.jobsWithout = (out) => runs.jobs(out)
  draft.compares = runs.lasting
  settle(draft, runs, triggers, burst?.id)
  return draft
}

function toolOf(random: Random, baseline: ToolBaseline): Tool {
  const capacity = random.integer(4, 6)
  const weights = Array.from({ length: agents }, (_, index) => spread(random.fork(`share/${index}`), 0.5))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return {
    baseline,
    capacity,
    rate: (capacity / baseline.medianMs) * 1000 * between(random.fork('load'), 0.3, 0.42),
    shares: weights.map((weight) => weight / sum),
  }
}

type Planted = Trigger & { kind: PlantedKind; more: number }

/** One, or at level 4 two of different kinds on different tools, three seconds apart. */
function triggersOf(draft: Draft, tools: readonly Tool[]): Planted[] {
  const kinds = draft.numbers.level === 4 ? draft.kinds.slice(0, 2) : draft.kinds.slice(0, 1)
  const random = draft.random.fork('triggers')
  const firstMs = between(random, 4000, 6000)
  return kinds.map((kind, index) => {
    const { baseline, capacity } = tools[index] as Tool
    const own = random.fork(kind)
    const fromMs = firstMs + index * 3000
    const toMs = fromMs + between(own, 3500, 6000)
    const magnitude = between(own, 1.8, 3.6)
    const fault = draft.fault({
      kind,
      entity: { tool: baseline.name },
      window: { from_ms: fromMs, to_ms: toMs },
      changesOutcome: true,
      ...(kind === 'slow_service' && { magnitude: { unit: 'factor', value: magnitude } }),
    })
    const of = { id: fault.id, kind, tool: baseline.name, fromMs, toMs, more: 0 }
    if (kind === 'capacity_loss') return { ...of, capacity: capacity < 6 ? 1 : 2 }
    if (kind === 'slow_service') return { ...of, factor: magnitude }
    const agent = own.integer(0, agents - 1)
    fault.entity = { agent: `worker/${agent}` }
    return { ...of, agent, more: (capacity / baseline.medianMs) * between(own, 0.8, 1.3) }
  })
}

interface Burst extends While {
  id: string
  tool: string
  agent: number
  /** Calls more each ms. */
  more: number
}

/** A decoy: a burst elsewhere, which the queue and a resend take. */
function burstOf(draft: Draft, tools: readonly Tool[]): (Burst & { kind: 'burst' }) | undefined {
  if (draft.numbers.level === 2 || !draft.has('burst')) return undefined
  const random = draft.random.fork('burst')
  const { baseline, rate } = tools[2] as Tool
  const fromMs = between(random, 2000, 11_000)
  return {
    kind: 'burst',
    id: draft.decoy('burst').id,
    tool: baseline.name,
    agent: random.integer(0, agents - 1),
    fromMs,
    toMs: fromMs + between(random, 1000, 2200),
    more: (rate / 1000) * between(random, 2, 5),
  }
}

interface Coming {
  atMs: number
  tool: Tool
  agent: number
  onlyWith?: string | undefined
}

function arrivalsOf(draft: Draft, tools: readonly Tool[], more: readonly (Planted | (Burst & { kind: 'burst' }))[]) {
  const coming = tools.flatMap((tool) =>
    tool.shares.flatMap((share, agent): Coming[] =>
      timesOf(draft.random.fork(`times/${tool.baseline.name}/${agent}`), (tool.rate * share) / 1000, {
        fromMs: 0,
        toMs: lengthMs,
      }).map((atMs) => ({ atMs, tool, agent })),
    ),
  )
  for (const each of more) {
    const { id, agent, fromMs, toMs } = each
    const tool = tools.find(({ baseline }) => baseline.name === each.tool)
    if (!tool || agent === undefined || each.more === 0) continue
    const times = timesOf(draft.random.fork(`times/${id}`), each.more, { fromMs, toMs })
    coming.push(...times.map((atMs) => ({ atMs, tool, agent, onlyWith: id })))
  }
  const big = bigOf(draft, coming.length)
  return coming.toSorted((a, b) => a.atMs - b.atMs).map((each, index) => callOf(draft, each, big.has(index)))
}

/** A few calls whose payload, or how deep they look, explains their time: a decoy. */
function bigOf(draft: Draft, calls: number): ReadonlySet<number> {
  const count = draft.has('big payloads') ? draft.count('big payloads', 2, 5) : 0
  return new Set(draft.random.fork('big payloads').sample(calls, Math.min(calls, count)))
}

/** When calls come that come by chance, so many each ms: exponential times between them (a Poisson process). */
function timesOf(random: Random, rate: number, { fromMs, toMs }: While): number[] {
  const times: number[] = []
  const next = (atMs: number) => atMs - Math.log(1 - random.float()) / rate
  for (let atMs = next(fromMs); atMs < toMs; atMs = next(atMs)) times.push(atMs)
  return times
}

function callOf(draft: Draft, { atMs, tool, agent, onlyWith }: Coming, isBig: boolean): CrowdCall {
  const key = draft.keyOf('call', { agent: { name: 'worker', index: agent }, steps: [] })
  const random = draft.random.fork(key)
  const { sizeSigma, sigma } = draft.numbers
  const isDeep = isBig && tool.baseline.depthPower !== 0 && random.fork('deep').chance(0.5)
  const size =
    isBig && !isDeep
      ? between(random.fork('size'), ...bigTimes)
      : spread(random.fork('size'), spreadShare * Math.max(sizeSigma, 0.3))
  const given = isDeep
    ? deepArguments(draft, key, { times: between(random.fork('depth'), ...bigTimes) ** tool.baseline.depthPower })
    : deepArguments(draft, key, { share: spreadShare })
  const bytes = Math.max(1, Math.round(size * usualBytes))
  const failing = Array.from({ length: retries + 1 }, (_, attempt) => random.fork(`fails/${attempt}`).chance(usualRate))
  return {
    key,
    tool: tool.baseline.name,
    atMs,
    onlyWith,
    serviceMs: toolMs(random.fork('ms'), tool.baseline, { size: bytes / usualBytes, depth: depthIn(given) }, sigma).ms,
    waitsMs: Array.from(
      { length: retries },
      (_, index) => 200 * 2 ** index * (0.5 + random.fork(`wait/${index}`).float()),
    ),
    fails: (attempt) => failing[attempt] === true,
    failsInMs,
    arguments: given,
    version: random.identifier('version', 12),
    bytes,
  }
}

/** A decoy: an agent beyond a quota of its own, which is told when to come back, and then answered. */
function quota(draft: Draft, tools: readonly Tool[], calls: number): CrowdOf['beside'] {
  if (!draft.has('quota')) return []
  const random = draft.random.fork('quota')
  const { baseline } = tools[2] as Tool
  const agent = random.integer(0, agents - 1)
  const fromMs = between(random, 1000, 8000)
  const decoy = draft.decoy('quota')
  const count = Math.min(draft.count('quota', 8, 40), calls)
  return Array.from({ length: count }, (_, index) => {
    const own = random.fork(`${index}`)
    const key = draft.keyOf('call', { agent: { name: 'worker', index: agent }, steps: [] })
    const retryAfterS = own.integer(1, 3)
    const answered = toolMs(own.fork('ms'), baseline, { size: 0.05 }, draft.numbers.sigma).ms
    decoy.steps.push(`${key}/0`)
    const step: CallStep = {
      kind: 'call',
      key,
      gapMs: figure(fromMs + between(own, 0, 5000)),
      tool: baseline.name,
      arguments: argumentsOf(draft, key),
      result: resultOf(draft, key, { served_ms: Math.round(answered * 10) / 10 }),
      attempts: [
        { waitMs: figure(0), ms: figure(failsInMs), status: 429, retryAfterS, bytes: 0 },
        {
          waitMs: figure(retryAfterS * 1000 + gapOf(own)),
          ms: figure(answered),
          status: 200,
          bytes: Math.round(0.05 * usualBytes),
        },
      ],
    }
    return { agent, step }
  })
}

const nothing = new Set<string>()

/** Says who is to blame, and draws anew what cannot be asked about. */
function settle(draft: Draft, runs: CrowdRuns, triggers: readonly Planted[], burst: string | undefined): void {
  const all = runs.attempts(nothing)
  const compared = draft.compares ?? nothing
  const takenMs = (out: ReadonlySet<string>) =>
    runs
      .attempts(out)
      .reduce(
        (sum, attempts, index) => sum + (compared.has(runs.crowd.arrivals[index]?.key ?? '') ? latencyOf(attempts) : 0),
        0,
      )
  const none = new Set(triggers.map(({ id }) => id))
  const isHarmed = (mostShare: number, withIt: ReadonlySet<string>, without: ReadonlySet<string>) =>
    takenMs(withIt) > (1 + mostShare) * takenMs(without)
  if (burst !== undefined) {
    const without = new Set([...none, burst])
    if (isHarmed(mostHarmOfDecoy, none, without) || runs.lost(none) > runs.lost(without)) draft.isHopeless = true
  }
  for (const [index, trigger] of triggers.entries()) {
    const fault = draft.faults[index]
    const attempts = attemptsAt(runs, all, trigger.tool)
    const { culprits, refused } = blameOf(trigger, attempts, trigger.agent === undefined ? graceMs : 2 * graceMs)
    const others = new Set([trigger.id])
    const isEarly = attempts.some(({ status, startMs }) => status === 429 && startMs < trigger.fromMs)
    if (!fault || culprits.length === 0 || refused.length < fewestRefusals || isEarly) draft.isHopeless = true
    if (!isHarmed(leastHarm, nothing, others)) draft.isHopeless = true
    if (!fault) continue
    fault.steps.push(...culprits.map(({ key }) => key))
    fault.losesCall = runs.lost(nothing) > runs.lost(others)
    if (trigger.kind !== 'slow_service') fault.magnitude = { unit: 'times', value: refused.length }
    draft.decoys.push(symptomsOf(trigger, attempts, fault.steps, afterMs))
  }
  decoysOf(draft, runs, burst)
}

/** What failed by itself, and what a burst sent, look like it. */
function decoysOf(draft: Draft, runs: CrowdRuns, burst: string | undefined): void {
  const retried = draft.decoy('retried')
  const sent = draft.decoys.find(({ id }) => id === burst)
  const symptoms = new Set(draft.decoys.filter(({ isNeutral }) => isNeutral).flatMap(({ steps }) => steps))
  for (const tool of runs.crowd.capacities.keys())
    for (const { status, key, call } of attemptsAt(runs, runs.attempts(nothing), tool)) {
      if (symptoms.has(key)) continue
      if (status === 503) retried.steps.push(key)
      else if (sent && call.onlyWith === burst) sent.steps.push(key)
    }
}
