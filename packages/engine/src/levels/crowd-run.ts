import type { Random } from 'contract/random'
import { fails } from 'contract/tool'
import { plantedBy, refusedAnyway, type CrowdTrigger } from './crowd-blame.ts'
import { attemptsAt, type CrowdCall, CrowdRuns } from './crowd-script.ts'
import { type Beside, type CrowdLookalike, withLookalike } from './crowd-lookalikes.ts'
import { type ChatStep, figure, type Script } from './script.ts'
import { drawCompletion, drawMs } from '../model.ts'
import { agentOpening } from '../operations/agent.ts'
import { failureOf } from '../operations/attempt.ts'
import { backoff } from '../retry-policy.ts'
import type { RunContext } from '../run-context.ts'
import { toolOf } from '../tools.ts'

interface Params {
  agents: number
  calls: number
  capacity: number
  capacity_left: number
  queue: number
  load: number
  trigger: 'capacity_loss' | 'surge' | 'slow_service' | 'none'
  lookalike: 'none' | CrowdLookalike
  capture_content: boolean
  max_retries: number
  backoff_ms: number
  delay_ms: number
  error_rate: number
}

/** When the tool is overloaded, as shares of the time in which calls come. */
const triggered = { from: 0.25, to: 0.6 }
/** How much more comes in a surge, in what the tool can do. */
const surgeLoad = 1.5
const slowFactor = 3
/** Back-offs double up to this many times the first. */
const longestBackoff = 16

const tool = toolOf(0)

/** How long calls come, ms: so many at this rate. */
const durationMs = ({ calls, delay_ms, capacity, load }: Omit<Params, 'trigger'>) =>
  (calls * delay_ms) / (capacity * load)

/** How many calls more a surge has, for each of the others. */
const surgeShare = (load: number) => (surgeLoad * (triggered.to - triggered.from)) / load

/** How many calls more a surge has: no surge has none. */
export function surgeCalls({ calls, load }: Pick<Params, 'calls' | 'load'>): number {
  return Math.max(1, Math.round(surgeShare(load) * calls))
}

/** A run is simulated at a stretch before it begins, and again for its key: so many attempts hold nobody else up for long. */
export const mostAttempts = 25_000

/** How many calls may come, that with those of a surge, and all their retries, they are within `mostAttempts`. */
export function mostCalls({ load, trigger, max_retries }: Pick<Params, 'load' | 'trigger' | 'max_retries'>): number {
  const callsOfEach = 1 + (trigger === 'surge' ? surgeShare(load) : 0)
  return Math.floor(mostAttempts / (1 + max_retries) / callsOfEach)
}

/**
 * A run of level 1: calls come evenly by chance, and one thing overloads the tool for a while. What becomes of them is
 * simulated here, without what is not in force, so that it is the same wherever the run is played.
 */
export function crowdScript(run: RunContext, params: Params): Script {
  const random = run.random.fork('crowd')
  const trigger = triggerOf(random, params)
  const own = arrivalsOf(run, random, params, trigger)
  const { arrivals, beside, decoys } = lookingAlike(run, random.fork('lookalike'), params, own)
  const looksFailed = new Set(decoys.flatMap(({ steps }) => steps))
  const crowd = new CrowdRuns({
    agents: params.agents,
    capacities: new Map([[tool, params.capacity]]),
    queue: params.queue,
    arrivals,
    beside,
    triggers: trigger ? [trigger] : [],
  })
  const planted = plantedBy(trigger, crowd, { tool, delayMs: params.delay_ms })
  return {
    lead: { name: 'planner', facts: { role: 'planner', fanout: params.agents } },
    before: [openingChat(run)],
    jobs: [],
    jobsWithout: (out) => {
      declareFailures(run, params, { crowd, out, looksFailed })
      for (const { key } of refusedAnyway(crowd, { tool, out, trigger })) run.faults.unplanned(key)
      return crowd.jobs(out)
    },
    compares: crowd.lasting,
    after: [],
    faults: planted.faults,
    decoys: [...planted.decoys, ...decoys],
    isControl: trigger === undefined,
    draws: 1,
  }
}

function lookingAlike(run: RunContext, random: Random, params: Params, arrivals: CrowdCall[]): Beside {
  const { lookalike, agents, delay_ms: delayMs, max_retries: maxRetries } = params
  if (lookalike === 'none') return { arrivals, beside: [], decoys: [] }
  return withLookalike(lookalike, arrivals, {
    random,
    agents,
    lengthMs: durationMs(params),
    delayMs,
    maxRetries,
    asked: askedBy(params),
    capture: params.capture_content || run.captureContent,
  })
}

const askedBy = ({ delay_ms, error_rate, max_retries }: Params) => ({
  delay_ms: Math.round(delay_ms),
  error_rate,
  max_retries,
})

function triggerOf(random: Random, params: Params): CrowdTrigger | undefined {
  const { trigger: kind, agents } = params
  if (kind === 'none') return undefined
  const [fromMs, toMs] = [triggered.from, triggered.to].map((share) => share * durationMs(params)) as [number, number]
  return {
    id: kind,
    kind,
    tool,
    fromMs,
    toMs,
    ...(kind === 'capacity_loss' && { capacity: params.capacity_left }),
    ...(kind === 'slow_service' && { factor: slowFactor }),
    ...(kind === 'surge' && { agent: random.fork('surge').integer(0, agents - 1) }),
  }
}

function arrivalsOf(run: RunContext, random: Random, params: Params, trigger: CrowdTrigger | undefined): CrowdCall[] {
  const lengthMs = durationMs(params)
  const own = Array.from({ length: params.calls }, (_, index) => {
    const drawn = random.fork(`call/${index}`)
    // One in each of equal parts: chance alone makes no crowd, and no lull.
    return {
      atMs: ((index + drawn.float()) / params.calls) * lengthMs,
      agent: drawn.integer(0, params.agents - 1),
      onlyWith: undefined,
    }
  })
  const { agent, fromMs = 0, toMs = 0, id } = trigger ?? {}
  const more = Array.from({ length: agent === undefined ? 0 : surgeCalls(params) }, (_, index) => {
    const part = (index + random.fork(`surge/${index}`).float()) / surgeCalls(params)
    const atMs = fromMs + part * (toMs - fromMs)
    return { atMs, agent: agent as number, onlyWith: id }
  })
  const counts = new Map<number, number>()
  return [...own, ...more]
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, agent, onlyWith }) => {
      const index = counts.get(agent) ?? 0
      counts.set(agent, index + 1)
      return { ...callOf(run, `worker/${agent}/call/${index}`, params), atMs, onlyWith }
    })
}

function callOf(run: RunContext, key: string, params: Params) {
  const { delay_ms, error_rate, max_retries, backoff_ms } = params
  const random = run.random.fork(key)
  const policy = {
    maxRetries: max_retries,
    backoffMs: backoff_ms,
    backoffMaxMs: longestBackoff * backoff_ms,
    jitter: 'full',
  } as const
  // By no profile: what a tool can do goes by its mean, which the tail of a measured one is far from.
  const serviceMs = drawMs(random.fork('ms'), delay_ms, run.jitter)
  const failsAt = (attempt: number) =>
    fails({ errorRate: error_rate, seed: run.toolSeed, key: `${key}/${attempt}` }) &&
    run.faults.isInForce(failure(run, key, { error_rate, max_retries }).id)
  return {
    key,
    tool,
    serviceMs,
    waitsMs: Array.from({ length: max_retries }, (_, index) =>
      backoff(policy, index + 1, run.random.fork(`${key}/backoff/${index + 1}`)),
    ),
    fails: failsAt,
    failsInMs: serviceMs,
    arguments: JSON.stringify({ id: random.identifier('arguments', 12), action: 'read' }),
    version: random.identifier('version', 12),
    bytes: 0,
    asked: askedBy(params),
    capture: params.capture_content || run.captureContent,
  }
}

/** The fault by which an attempt of this call fails by itself. */
function failure(
  run: RunContext,
  key: string,
  { error_rate, max_retries }: Pick<Params, 'error_rate' | 'max_retries'>,
) {
  const agentId = agentOpening(run, 'worker', { index: Number(key.split('/')[1]) }).agentId ?? null
  return failureOf({ run, key, agentId }, tool, { errorRate: error_rate, maxRetries: max_retries }, error_rate)
}

/** Calls that a fault of the run's own makes fail; what only looks so is none. */
function declareFailures(
  run: RunContext,
  params: Params,
  { crowd, out, looksFailed }: { crowd: CrowdRuns; out: ReadonlySet<string>; looksFailed: ReadonlySet<string> },
): void {
  for (const { status, key, call } of attemptsAt(crowd, crowd.attempts(out), tool))
    if (status === 503 && !looksFailed.has(key)) run.faults.strikes(failure(run, call.key, params), key)
}

/** The one who hands the work out. */
function openingChat(run: RunContext): ChatStep {
  const key = 'planner/chat'
  const { delayMs, inputTokens, cachedTokens, outputTokens } = drawCompletion(run.random.fork(key), run)
  return {
    kind: 'chat',
    key,
    gapMs: figure(0),
    ms: figure(delayMs),
    inputTokens: figure(inputTokens),
    cachedTokens: figure(cachedTokens),
    outputTokens,
    asksForTool: false,
  }
}
