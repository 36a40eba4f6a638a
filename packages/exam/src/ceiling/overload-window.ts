import { percentile } from 'findings/statistics'
import { type Attempt, busyAt, isServed, type Served } from './attempts.ts'

/** A while between two epoch times, ms. */
export interface While {
  from_ms: number
  to_ms: number
}

/** Who waits for less does not wait for its turn, ms. */
const leastQueueMs = 15
/** A few calls that come together by chance are no surge, ms. */
const leastSurgeMs = 500

/** While a tool took longer for each, between the calls around it that it did as fast as ever; by how many more were slow. */
export function slowWhile(served: readonly Served[], isSlow: (one: Served) => boolean): While & { net: number } {
  const inOrder = served.toSorted((a, b) => a.begun_ms - b.begun_ms)
  const { first, last, sum } = heaviest(inOrder.map((one) => (isSlow(one) ? 1 : -1)))
  const between = (index: number) => {
    const [before, after] = [inOrder[index - 1], inOrder[index]].map((one) => one?.begun_ms)
    return ((before ?? after ?? 0) + (after ?? before ?? 0)) / 2
  }
  return { from_ms: between(first), to_ms: between(last + 1), net: sum }
}

/**
 * While a tool did no more than so many at a time: from when calls waited though as many as ever could have been done, until
 * more were done again. Each is looked at half way: what has just ended may still be seen when the next begins.
 */
export function shortWhile(own: readonly Attempt[], { onset, most }: { onset: number; most: number }): While {
  const served = own.filter(isServed).toSorted((a, b) => a.begun_ms - b.begun_ms)
  const waitMs = ({ step, served_ms }: Served) => step.ms - served_ms
  // Where nobody waits, what lies between an agent and a tool takes its time.
  const usualMs = percentile(served.map(waitMs), 0.25)
  const evidence = served.map((one) => {
    if (busyAt(served, one.begun_ms + one.served_ms / 2) > most) return -1
    return waitMs(one) > leastQueueMs + 3 * usualMs ? 1 : 0
  })
  const at = served.filter(({ begun_ms }) => begun_ms < onset).length
  const { first, last } = heaviestAround(evidence, at)
  const from = served[first]?.step.start_ms ?? 0
  const before = own.findLast(({ step }) => step.start_ms < from)?.step.start_ms ?? from
  const next = served.find((_, index) => index > last && evidence[index] === -1)
  return { from_ms: (before + from) / 2, to_ms: next?.begun_ms ?? own.at(-1)?.step.start_ms ?? from }
}

/**
 * While calls came more often: of all stretches of them the one that is likeliest to have come at the higher of two rates, both
 * Poisson. `times` are in order.
 */
export function surgeWhile(times: readonly number[], whole: While): While {
  const wholeMs = whole.to_ms - whole.from_ms
  let best = { from_ms: whole.from_ms, to_ms: whole.to_ms, likelihood: -Infinity }
  for (const [first, from_ms] of times.entries())
    for (let last = first + 1; last < times.length; last++) {
      const to_ms = times[last] as number
      const length = to_ms - from_ms
      const [within, outside] = [last - first + 1, Math.max(1, times.length - (last - first + 1))]
      const [high, low] = [within / length, outside / Math.max(1, wholeMs - length)]
      const likelihood = within * Math.log(high) + outside * Math.log(low)
      if (length >= leastSurgeMs && high > low && likelihood > best.likelihood) best = { from_ms, to_ms, likelihood }
    }
  return best
}

/** The stretch around one of these whose sum is largest. */
function heaviestAround(weights: readonly number[], at: number): { first: number; last: number } {
  const reach = (step: 1 | -1) => {
    let [best, most, sum] = [at, 0, 0]
    for (let index = at; index >= 0 && index < weights.length; index += step) {
      sum += weights[index] ?? 0
      if (sum > most) [best, most] = [index, sum]
    }
    return best
  }
  return { first: reach(-1), last: reach(1) }
}

/** The stretch of these whose sum is largest (Kadane's algorithm, https://en.wikipedia.org/wiki/Maximum_subarray_problem). */
function heaviest(weights: readonly number[]): { first: number; last: number; sum: number } {
  let best = { first: 0, last: 0, sum: -Infinity }
  let [first, sum] = [0, 0]
  for (const [last, weight] of weights.entries()) {
    if (sum <= 0) [first, sum] = [last, 0]
    sum += weight
    if (sum > best.sum) best = { first, last, sum }
  }
  return best
}
