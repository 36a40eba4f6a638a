import type { Draft } from './draft.ts'

/** How long people take, and agents that hear of them late, ms. */
export interface PeopleTimes {
  /** Half of all answers are there by then. */
  usualMs: number
  /** An answer the next morning. */
  longMs: number
  /** Nobody has answered by then. */
  expiryMs: number
  /** How late an agent may go on, and at level 2. */
  lateMs: readonly [number, number]
  veryLateMs: readonly [number, number]
  /** So many calls prepare an errand at most. */
  mostPrepared: number
}

export const realTimes: PeopleTimes = {
  usualMs: 84_000,
  longMs: 14 * 3_600_000,
  expiryMs: 24 * 3_600_000,
  lateMs: [10_000, 120_000],
  veryLateMs: [120_000, 300_000],
  mostPrepared: 4,
}

/** People who are quick, for whoever looks on. */
export const shortTimes: PeopleTimes = {
  usualMs: 1200,
  longMs: 3000,
  expiryMs: 4500,
  lateMs: [2000, 5000],
  veryLateMs: [5000, 8000],
  mostPrepared: 1,
}

/** How late an agent may go on in this run, ms. */
export const lateness = ({ numbers }: Draft, times: PeopleTimes) =>
  numbers.level === 2 ? times.veryLateMs : times.lateMs
