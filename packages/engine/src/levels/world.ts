import { Random } from 'contract/random'
import { modelName } from '../model.ts'
import { toolNames } from '../tools.ts'

/** Every natural draw is cut here, in sigma: a tail is no fault. */
const cutSigma = 2.5

/** What takes how long where all runs of an exam, or of a process, live: a tool has the same baseline in all of them. */
export interface World {
  tools: readonly ToolBaseline[]
  /** Those that stream. */
  models: readonly StreamingModel[]
  /** Where documents are. */
  shards: readonly Shard[]
}

export interface ToolBaseline {
  name: string
  /** Of a payload of usual size, ms. */
  medianMs: number
  /** The share of that which no payload changes. */
  fixed: number
  /** By which power of it how deep it is asked to look changes that: deeper takes longer, or shorter, or as long. */
  depthPower: -1 | 0 | 1
  /** How often an attempt fails: seldom, but of one tool, which is flaky at all times. */
  failureRate: number
  /** Of a token of its answers, as they are on the wire, packed. */
  bytesPerToken: number
  /** What is worth less is done without asking a person. */
  limit: number
  /** Whether it says with every answer that nothing went wrong: `"error": null`. */
  saysNoError: boolean
}

export interface StreamingModel {
  name: string
  /** From one token to the next, ms. */
  tokenMs: number
  /** So much of itself longer that is for each other call of it that is under way: one has room to spare, one has not. */
  sharing: number
}

export interface Shard {
  name: string
  /** How long a KB takes there. */
  msPerKb: number
  /** By which power of it how many tokens a KB has changes that. */
  densityPower: -1 | 0 | 1
}

/** A draw around what is usual; `residual` is the logarithm of how far it is off. */
export interface Draw {
  ms: number
  residual: number
}

const medians = [30, 80, 200, 600, 1500]
const streaming = [
  { name: modelName, tokenMs: 22 },
  { name: `${modelName}-large`, tokenMs: 40 },
]
const sharings = [
  [0, 0.1],
  [0.6, 1],
] as const
const slopes = [4, 12, 30]
const failures = { usual: [0.02, 0.07], flaky: [0.22, 0.3] } as const
const densityPowers = [-1, 0, 1] as const
const limits = [50, 200, 1000, 5000, 20_000]
const bytesPerToken = [0.8, 1, 1.25, 1.6, 2]
const depthPowers = [-1, -1, 0, 1, 1] as const
/** How deep a tool is asked to look, half of the times at most. */
export const usualDepth = 20
/** Of a payload of usual size, bytes. */
export const usualBytes = 2048

const worlds = new Map<string, World>()

/** The world of a seed; another seed, other baselines. */
export function worldOf(seed: string): World {
  const known = worlds.get(seed)
  if (known) return known
  const random = new Random(`${seed} world`)
  const permuted = shuffled(random.fork('medians'), medians)
  const limited = shuffled(random.fork('limits'), limits)
  const packed = shuffled(random.fork('bytes per token'), bytesPerToken)
  const flaky = random.fork('flaky').pick(toolNames)
  const powers = shuffled(random.fork('depths'), depthPowers)
  const tools = toolNames.map((name, index) => {
    const own = random.fork(`tool/${name}`)
    const [leastFailing, mostFailing] = failures[name === flaky ? 'flaky' : 'usual']
    return {
      name,
      medianMs: permuted[index] as number,
      fixed: between(own, 0.2, 0.5),
      depthPower: powers[index] as -1 | 0 | 1,
      failureRate: between(own, leastFailing, mostFailing),
      bytesPerToken: packed[index] as number,
      limit: limited[index] as number,
      saysNoError: own.chance(0.6),
    }
  })
  const densities = shuffled(random.fork('densities'), densityPowers)
  const shards = shuffled(random.fork('shards'), slopes).map((msPerKb, index) => ({
    name: `shard-${index}`,
    msPerKb,
    densityPower: densities[index] as Shard['densityPower'],
  }))
  const shared = shuffled(random.fork('models'), sharings)
  const models = streaming.map((model, index) => {
    const [least, most] = shared[index] as (typeof sharings)[number]
    return { ...model, sharing: between(random.fork(`model/${model.name}`), least, most) }
  })
  const world = { tools, models, shards }
  // Whoever serves many secrets must not keep a world for each.
  if (worlds.size >= mostWorlds) worlds.clear()
  worlds.set(seed, world)
  return world
}
const mostWorlds = 64

/** Uniform in [from, to). */
export const between = (random: Random, from: number, to: number) => from + random.float() * (to - from)

/** All of them in another order: Fisher and Yates. */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const order = [...items]
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.integer(0, last)
    ;[order[last], order[other]] = [order[other] as T, order[last] as T]
  }
  return order
}

/** A lognormal around 1. */
export const spread = (random: Random, sigma: number) => random.lognormal(1, sigma, cutSigma)

/** Milliseconds to the microsecond: what is written in digits crosses HTTP as it is. */
export const around = (random: Random, usualMs: number, sigma: number): Draw => {
  const noise = spread(random, sigma)
  return { ms: Math.round(usualMs * noise * 1000) / 1000, residual: Math.log(noise) }
}

/** How long a tool takes that answers so much and was to look so deep, each times the usual. */
export const toolMs = (
  random: Random,
  { medianMs, fixed, depthPower }: ToolBaseline,
  { size, depth = 1 }: { size: number; depth?: number },
  sigma: number,
) => around(random, medianMs * (fixed + (1 - fixed) * size) * depth ** depthPower, sigma)

/** How long the model takes: by tokens of its answer, and by those of the prompt that no cache has. */
export const chatMs = (random: Random, outputTokens: number, uncachedTokens: number, sigma: number) =>
  around(random, usualChatMs(outputTokens, uncachedTokens), sigma)

export const usualChatMs = (outputTokens: number, uncachedTokens: number) =>
  400 + 12 * outputTokens + 0.05 * uncachedTokens

/** How long a chunk of a shard takes, so many times as dense as usual. */
export const chunkMs = (
  random: Random,
  { msPerKb, densityPower }: Shard,
  { kb, density }: { kb: number; density: number },
  sigma: number,
) => around(random, (15 + msPerKb * kb) * density ** densityPower, sigma)
