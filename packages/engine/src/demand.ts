import { parseFaults } from './asked-faults.ts'
import { profileOf } from './profile/index.ts'

/** What a run may need at most, as its scenario declares it. A run that needs more is ended: it would break who relied on it. */
export interface Demand {
  /** Tool calls under way at the same time. */
  callsAtOnce: number
  /** Tool calls in all, resends included. */
  calls: number
  /** Steps in all, those that tool-service owes included. */
  steps: number
  /** What tools answer, bytes, if that is more than a word. */
  payloadBytes?: number
}

/** With the attempts of model calls, where they are steps. Which of its steps are model calls no scenario says: as if all were. */
export function withModelAttempts(demand: Demand, params: Readonly<Record<string, unknown>>): Demand {
  const mayFail = Number(params.llm_error_rate ?? 0) > 0
  const isMadeTo = parseFaults(params.faults).others.some(({ kind }) => kind === 'failing_model')
  if (!mayFail && !isMadeTo) return demand
  return { ...demand, steps: demand.steps * (2 + profileOf(params).modelRetry.maxRetries) }
}
