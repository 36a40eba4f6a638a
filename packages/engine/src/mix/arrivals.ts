import type { Random } from 'contract/random'

/** How many units arrive when: arrivals a millisecond, constant or between a trough and a peak over a day. */
export type Rate = number | { shape: 'diurnal'; peak: number; trough: number }

const dayMs = 86_400_000

/**
 * When units arrive, ms from the start, for ever: a Poisson process, whatever becomes of the units. A diurnal rate is a
 * cosine with its trough at the start and its peak twelve hours later, by thinning (Lewis and Shedler, 1979).
 */
export function* arrivals(rate: Rate, random: Random): Generator<number, never> {
  const highest = typeof rate === 'number' ? rate : Math.max(rate.peak, rate.trough)
  for (let atMs = 0; ;) {
    atMs += -Math.log(1 - random.float()) / highest
    if (typeof rate === 'number' || random.chance(rateAt(rate, atMs) / highest)) yield atMs
  }
}

function rateAt({ peak, trough }: Exclude<Rate, number>, atMs: number): number {
  return trough + ((peak - trough) * (1 - Math.cos((2 * Math.PI * atMs) / dayMs))) / 2
}
