import { Random } from 'contract/random'
import { toolNames } from '../tools.ts'

/** Every natural draw is cut here, in sigma: a tail is no fault. */
const cutSigma = 2.5

/** What takes how long where all runs of an exam, or of a process, live: a tool has the same baseline in all of them. */
export interface World {
  tools: readonly ToolBaseline[]
  /** Documents' shards: how long a KB takes there, ms. */
  shards: readonly { name: string; msPerKb: number }[]
}

export interface ToolBaseline {
  name: string
  /** Of a payload of usual size, ms. */
  medianMs: number
  /** The share of that which no payload changes. */
  fixed: number
  /** How often a first attempt fails. */
  failureRate: number
  /** What is worth less is done without asking a person. */
  limit: number
  /** Whether it says with every answer that nothing went wrong: `"error": null`. */
  saysNoError: boolean
}

/** A draw around what is usual; `residual` is the logarithm of how far it is off. */
export interface Draw {
  ms: number
  residual: number
}

const medians = [30, 80, 200, 600, 1500]
const slopes = [4, 12, 30]
const limits = [50, 200, 1000, 5000, 20_000]
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
  const tools = toolNames.map((name, index) => {
    const own = random.fork(`tool/${name}`)
    return {
      name,
      medianMs: permuted[index] as number,
      fixed: between(own, 0.2, 0.5),
      failureRate: between(own, 0.02, 0.07),
      limit: limited[index] as number,
      saysNoError: own.chance(0.6),
    }
  })
  const shards = shuffled(random.fork('shards'), slopes).map((msPerKb, index) => ({ name: `shard-${index}`, msPerKb }))
  const world = { tools, shards }
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

/** How long a tool takes that answers so much, `size` times the usual. */
export const toolMs = (random: Random, { medianMs, fixed }: ToolBaseline, size: number, sigma: number) =>
  around(random, medianMs * (fixed + (1 - fixed) * size), sigma)

/** How long the model takes: by tokens of its answer, and by those of the prompt that no cache has. */
export const chatMs = (random: Random, outputTokens: number, uncachedTokens: number, sigma: number) =>
  around(random, usualChatMs(outputTokens, uncachedTokens), sigma)

export const usualChatMs = (outputTokens: number, uncachedTokens: number) =>
  400 + 12 * outputTokens + 0.05 * uncachedTokens

/** How long a chunk of a shard takes. */
export const chunkMs = (random: Random, msPerKb: number, kb: number, sigma: number) =>
  around(random, 15 + msPerKb * kb, sigma)
