import type { PlantedKind } from 'contract/taxonomy'
import { makespan, savingOf, type Times } from '../table/schedule.ts'
import type { Step, Table } from '../table/table.ts'
import type { Usual } from './usual.ts'

/** What a detector found: one thing that is wrong. */
export interface Found {
  /** What it may be called, the likeliest first: which of them is asked for depends on the exam. */
  kinds: readonly PlantedKind[]
  steps: readonly number[]
  /** Absent: the tool, the model, or where a chunk is from. */
  blames?: 'agent' | 'model' | 'handing over'
  /** What those steps would have taken. */
  instead: (step: Step, index: number) => Times
  /** How much earlier the run would have ended, ms, where no schedule says it. */
  savedMs?: number
  /** While it was so, where that is no matter of its steps, epoch times in ms. */
  window?: { from_ms: number; to_ms: number }
}

/** Sees spans as a table, and what is usual in the population; neither key nor anything of the generator. */
export type Detector = (table: Table, usual: Usual) => Found[]

/** A share of the run below which a saving is none. */
const leastShare = 0.025

/** Without what people took: that is no work. */
const worked = ({ kind, ms, gap_ms }: Step) => ({ ms: kind === 'wait' ? 0 : ms, gap_ms })

/** Whether the run would have ended earlier without it. */
export const isWaitedFor = (table: Table, { steps, instead }: Found): boolean =>
  savingOf(table, steps, instead) > leastShare * makespan(table, worked)

export const removed = (): Times => ({ ms: 0, gap_ms: 0 })
