import { signal } from '@preact/signals'
import type { Remedy } from 'contract/faults'
import type { Prediction } from 'findings/finding'
import { type Observation, predict } from 'findings/kinds'
import { align, type StepPair } from '../../model/align.ts'
import { workflowOf } from '../../model/critical.ts'
import type { TraceModel } from '../../model/trace-model.ts'
import { address, note } from './address.ts'
import { agents, anyScenario, asTexts, scenarioFor } from './agents.ts'
import { getJson, messageOf } from './api.ts'
import { Look } from './look.ts'
import { playRun } from './run.ts'
import { fetchModel, type LedgerRun, OpenTrace, type Revelation, type Verification } from './trace.ts'

/** The same run without its fault, beside the run. */
export interface Against {
  traceId: string
  model: TraceModel
  /** The second trace, to be looked at like the first. */
  look: Look
  steps: StepPair[]
  prediction: Prediction | null
  /** In the prediction's unit. */
  measured: number | null
  beforeMs: number
  afterMs: number
}

export const against = signal<Against | null>(null)
export const againstProblem = signal('')

/** From level 2 on a run draws its faults by itself. */
const nothingPlanted: Remedy = { changes: { faults: 'off' }, label: 'nothing planted' }

export function remedyOfRun({ runs }: OpenTrace): Remedy | undefined {
  const run = runs.value[0]
  if (Number(run?.params.level ?? 1) > 1) return nothingPlanted
  return anyScenario(run?.scenario ?? '')?.remedy
}

/** Runs the same seed again, where it ran, with the fault taken out. */
export async function runWithout(shown: OpenTrace): Promise<void> {
  const run = shown.runs.value[0]
  const remedy = remedyOfRun(shown)
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
export async function loadAgainst(shown: OpenTrace): Promise<void> {
  const traceId = address.value.against
  const before = shown.model.value
  const found = shown.revelation.value
  if (!traceId || !before || !found || against.value?.traceId === traceId) return
  againstProblem.value = ''
  try {
    await getJson<Verification>(`/traces/${traceId}/verify?wait_s=15`)
    const [model, second] = await Promise.all([fetchModel(traceId), getJson<Revelation>(`/traces/${traceId}/reveal`)])
    if (address.value.against !== traceId) return
    const beforeMs = totalOf(before)
    const afterMs = totalOf(model)
    const prediction = found.observed && predict(found as Observation)
    const rate =
      second.kind === 'token_timeline' && second.observed
        ? (second.observed as { rate_with_background: number | null }).rate_with_background
        : null
    against.value = {
      traceId,
      model,
      look: lookAt(model, second),
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

/** A look of its own at a trace that is all there; what is selected in it is in no address. */
function lookAt(model: TraceModel, revelation: Revelation): Look {
  const second = new OpenTrace()
  second.model.value = model
  second.revelation.value = revelation
  return new Look(second, 'waterfall-without', { wanted: () => '', keep: () => {} })
}

function totalOf({ columns, tree }: TraceModel): number {
  const root = workflowOf(columns, tree)
  return root === undefined ? 0 : (columns.duration[root] as number)
}
