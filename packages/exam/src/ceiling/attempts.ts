import { fieldOf } from '../table/rows.ts'
import type { Step, Table } from '../table/table.ts'

/** An attempt of a call that came when it came. */
export interface Attempt {
  step: Step
  index: number
  /** The first of its call. */
  isFirst: boolean
  /** Its call was told when to come again: a quota was used up. */
  isTold: boolean
  /** Refused for want of room: nobody said when to come again. */
  isRefused: boolean
  /** When the tool began with it, and how long it worked; absent where it refused. */
  begun_ms?: number
  served_ms?: number
}

export type Served = Attempt & Required<Pick<Attempt, 'begun_ms' | 'served_ms'>>
export const isServed = (attempt: Attempt): attempt is Served => attempt.begun_ms !== undefined

/** The attempts of all calls, in order of start. */
export function attemptsOf({ steps }: Table): Attempt[] {
  const seen = new Set<string>()
  const told = new Set(steps.filter(({ asked_ms }) => asked_ms > 0).map(({ args }) => args))
  return steps
    .flatMap((step, index): Attempt[] => {
      if (step.kind !== 'tool') return []
      const isFirst = !seen.has(step.args) && !!seen.add(step.args)
      const isTold = told.has(step.args)
      const isRefused = step.failure === 'limited' && !isTold
      const common = { step, index, isFirst, isTold, isRefused }
      const served = Number(fieldOf(step.result, 'served_ms') ?? Number.NaN)
      if (step.failure !== null || Number.isNaN(served)) return [common]
      const served_ms = Math.min(served, step.ms)
      return [{ ...common, served_ms, begun_ms: step.start_ms + step.ms - served_ms }]
    })
    .toSorted((a, b) => a.step.start_ms - b.step.start_ms)
}

/** From the first attempt of each call to its last, by its arguments. */
export function extentsOf(attempts: readonly Attempt[]): Map<string, { from: number; to: number }> {
  const extents = new Map<string, { from: number; to: number }>()
  for (const { step } of attempts) {
    const { from, to } = extents.get(step.args) ?? { from: Infinity, to: -Infinity }
    extents.set(step.args, { from: Math.min(from, step.start_ms), to: Math.max(to, step.start_ms + step.ms) })
  }
  return extents
}

/** How many a tool does at a time. */
export const busyAt = (served: readonly Served[], time: number): number =>
  served.filter(({ begun_ms, served_ms }) => begun_ms <= time && begun_ms + served_ms > time).length
