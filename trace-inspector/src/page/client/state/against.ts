import { signal } from '@preact/signals'
import { align, type StepPair } from '../../model/align.ts'
import type { Remedy } from 'contract/faults'
import type { Prediction } from 'findings/finding'
import { type Observation, predict } from 'findings/kinds'
import { workflowOf } from '../../model/critical.ts'
import { address, note } from './address.ts'
import { agents, anyScenario, asTexts, scenarioFor } from './agents.ts'
import { getJson, messageOf } from './api.ts'
import { playRun } from './run.ts'
import {
  callsOf,
  fetchModel,
  type LedgerRun,
  ledgerRuns,
  revelation,
  type Revelation,
  trace,
  type TraceModel,
  type Verification,
} from './trace.ts'

/** The same run without its fault, beside the run. */
export interface Against {
  traceId: string
  model: TraceModel
  steps: StepPair[]
  prediction: Prediction | null
  /** In the prediction's unit. */
  measured: number | null
  beforeMs: number
  afterMs: number
}

export const against = signal<Against | null>(null)
export const againstProblem = signal('')

export function remedyHere(): Remedy | undefined {
  return anyScenario(ledgerRuns.value[0]?.scenario ?? '')?.remedy
}

/** Runs the same seed again, where it ran, with the fault taken out. */
export async function runWithout(): Promise<void> {
  const run = ledgerRuns.value[0]
  const remedy = remedyHere()
  const agent =
    run &&
    (agents.value.find(({ service, is_up }) => is_up && service === run.service) ??
      agents.value.find(({ is_up }) => is_up))
  const scenario = agent && scenarioFor(agent.id, run.scenario)
  if (!run || !remedy || !scenario) return
  const result = await playRun(agent.id, scenario, { ...asTyped(run), ...asTexts(remedy.changes) })
  if (result) note({ against: result.trace_id })
}

const asTyped = ({ params, seed }: LedgerRun) => asTexts({ ...params, seed })

/** Puts the run that the address names beside the one that is shown. */
export async function loadAgainst(): Promise<void> {
  const traceId = address.value.against
  const before = trace.value
  const found = revelation.value
  if (!traceId || !before || !found || against.value?.traceId === traceId) return
  againstProblem.value = ''
  try {
    await getJson<Verification>(`/traces/${traceId}/verify?wait_s=15`)
    const [model, second] = await Promise.all([fetchModel(traceId), getJson<Revelation>(`/traces/${traceId}/reveal`)])
    if (address.value.against !== traceId) return
    const beforeMs = totalOf(before)
    const afterMs = totalOf(model)
    const prediction = found.observed && predict(found as Observation, figuresOf(before))
    const rate =
      second.kind === 'token_timeline' && second.observed
        ? (second.observed as { rate_with_background: number | null }).rate_with_background
        : null
    against.value = {
      traceId,
      model,
      steps: align(before, model),
      prediction,
      measured: prediction?.unit === 'tokens/s' ? rate : beforeMs - afterMs,
      beforeMs,
      afterMs,
    }
  } catch (error) {
    againstProblem.value = messageOf(error)
  }
}

function figuresOf(model: TraceModel) {
  const places = new Map(model.columns.id.map((id, span) => [id, span]))
  return {
    params: ledgerRuns.value[0]?.params ?? {},
    durationOf: (id: string) => model.columns.duration[places.get(id) ?? -1] ?? 0,
    calls: callsOf(model),
  }
}

function totalOf({ columns, tree }: TraceModel): number {
  const root = workflowOf(columns, tree)
  return root === undefined ? 0 : (columns.duration[root] as number)
}
