import type { FaultKind, Remedy } from 'contract/faults'
import type { Chart } from './chart.ts'
import type { Distribution } from './statistics.ts'
import type { AnalysisStep, Observed } from './step.ts'

/** All that is known of a kind of finding, in one literal. */
export interface Finding<Figures extends Observed> {
  /** What is behind it: a fault that was planted; or, where the figure itself is the finding, what takes it out. */
  cause: { fault: FaultKind } | { remedy: Remedy }
  /** Detects it in the steps of a run. */
  observe: (steps: readonly AnalysisStep[]) => Figures
  /** Says it in a sentence, for a person. */
  sentence: (observed: Figures) => string
  /** Answers the README's questions with a run's figures. */
  questions: (observed: Figures, seen: Seen) => Answers
  /** What a run without its fault would save (of a stream: what rate its tokens would have). */
  without: (observed: Figures) => Prediction | null
  chart: (observed: Figures) => Chart
}

/** Declares a kind of finding. */
export function defineFinding<Figures extends Observed>(finding: Finding<Figures>): Finding<Figures> {
  return finding
}

/** A row of the table that an aggregate view shows: spans by name. */
export interface AggregateRow extends Distribution {
  name: string
  /** 0 to 1. */
  error_rate: number
}

/** What is seen of a run by who has no trace. */
export interface Seen {
  /** Of the workflow. */
  totalMs: number
  table: readonly AggregateRow[]
}

export const rowOf = (table: readonly AggregateRow[], name: string) => table.find((row) => row.name === name)

export interface Answers {
  /** What a user of the system noticed of this run. */
  symptom: string
  /** Why the table does not show the cause, with the table's own figures. */
  missed: string
}

export interface Prediction {
  value: number
  unit: 'ms' | 'tokens/s'
  /** How it was worked out, for a person. */
  how: string
}

export function saving(value: number, how: string): Prediction {
  return { value, unit: 'ms', how }
}
