import { median } from 'findings/statistics'
import { fieldOf } from '../table/rows.ts'
import type { Step, Table } from '../table/table.ts'

/** What is usual where people are asked. */
export interface People {
  /** How long after an answer an agent goes on, ms. */
  resumeMs: number
  /** The largest amount that each tool has been given without asking anybody. */
  unasked: ReadonlyMap<string, number>
}

export const isAsked = ({ kind }: Step) => kind === 'wait'
export const amountOf = ({ args }: Step) => Number(fieldOf(args, 'amount') ?? Number.NaN)

/** How long a step was asked to wait, by what came before it or by what it was given, ms. */
export const waitsFor = ({ asked_ms, args }: Step) => Math.max(asked_ms, 1000 * Number(fieldOf(args, 'after_s') ?? 0))

/** Learns it from runs. */
export function learnPeople(tables: readonly Table[]): People {
  const gaps = tables.flatMap(({ steps }) =>
    steps.flatMap((step, index) => (isAfterWait(steps, index) ? [step.gap_ms] : [])),
  )
  const unasked = new Map<string, number>()
  for (const { steps } of tables) {
    const asked = new Set(steps.filter(isAsked).map(({ args }) => args))
    for (const step of steps) {
      if (step.kind !== 'tool' || step.failure !== null || asked.has(step.args)) continue
      const amount = amountOf(step)
      if (amount > (unasked.get(step.name) ?? 0)) unasked.set(step.name, amount)
    }
  }
  return { resumeMs: median(gaps), unasked }
}

/** Whether a step is what an agent did next after it had asked a person. */
export function isAfterWait(steps: readonly Step[], index: number): boolean {
  const [before, step] = [steps[index - 1], steps[index]]
  return before !== undefined && isAsked(before) && before.job === step?.job
}
