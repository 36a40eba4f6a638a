import { scenarios } from 'engine/scenarios/index'
import type { AggregateRow } from 'findings/finding'
import { observe, type Observation, sentenceOf } from 'findings/kinds'
import { byStart, withOperation } from 'findings/step'
import type { ReceivedSpan } from '../otlp/span.ts'
import { originOf } from '../times.ts'
import { aggregate } from './aggregate.ts'
import { type RevealedStep, toAnalysisStep } from './step.ts'

export interface Revealed {
  kind: Observation['kind'] | null
  /** One sentence for a person. */
  text: string
  observed: Observation['observed'] | null
}

export interface Revelation extends Revealed {
  trace_id: string
  aggregate: AggregateRow[]
  /** Of further runs in the same trace, by start. */
  others: Revealed[]
}

/** What is wrong in a trace, as far as its spans alone can tell. */
export function reveal(traceId: string, spans: Iterable<ReceivedSpan>): Revelation {
  const received = [...spans]
  const origin = originOf(received) ?? 0
  const steps = received.map((span) => toAnalysisStep(span, origin))
  const [first, ...others] = runsIn(steps).map(revealRun)
  return { trace_id: traceId, ...(first ?? revealRun(steps)), aggregate: aggregate(steps), others }
}

function revealRun(steps: readonly RevealedStep[]): Revealed {
  const said = scenarioOf(steps)
  const scenario = scenarios.find(({ name }) => name === said)
  if (!scenario) return { kind: null, text: 'No span says which scenario this is', observed: null }
  const observation: Observation = observe(scenario.finding, steps)
  return { kind: observation.kind, text: sentenceOf(observation), observed: observation.observed }
}

/** A lost workflow span does not hide what the run was: all of its spans say so. */
function scenarioOf(steps: readonly RevealedStep[]): string {
  const workflow = withOperation(steps, 'invoke_workflow')[0]
  return workflow?.facts.workflow ?? steps.find(({ scenario }) => scenario !== null)?.scenario ?? ''
}

/** The spans of each run. One run has all of them, wherever they hang; several have what is below their workflows. */
function runsIn(steps: readonly RevealedStep[]): (readonly RevealedStep[])[] {
  const workflows = byStart(withOperation(steps, 'invoke_workflow'))
  if (workflows.length < 2) return [steps]
  const childrenOf = Map.groupBy(steps, ({ parent_span_id }) => parent_span_id)
  return workflows.map((workflow) => {
    const below = new Set([workflow])
    // A set takes what is added while it is walked.
    for (const step of below) for (const child of childrenOf.get(step.span_id) ?? []) below.add(child)
    return [...below]
  })
}
