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

/** What is known of a run beside its spans: what of, and which they are. */
export interface KnownRun {
  scenario: string
  steps: readonly { span_id: string | null }[]
}

/**
 * What is wrong in a trace, as far as its spans alone can tell. `known` says which scenarios its runs are of where their spans
 * do not: blind ones.
 */
export function reveal(traceId: string, spans: Iterable<ReceivedSpan>, known: readonly KnownRun[] = []): Revelation {
  const received = [...spans]
  const origin = originOf(received) ?? 0
  const steps = received.map((span) => toAnalysisStep(span, origin))
  const scenarioOfSpan = new Map(
    known.flatMap(({ scenario, steps }) => steps.map(({ span_id }) => [span_id, scenario])),
  )
  const revealRun = (run: readonly RevealedStep[]) => revealAs(scenarioOf(run) ?? knownOf(run, scenarioOfSpan), run)
  const [first, ...others] = runsIn(steps).map(revealRun)
  return { trace_id: traceId, ...(first ?? revealRun(steps)), aggregate: aggregate(steps), others }
}

function revealAs(name: string | undefined, steps: readonly RevealedStep[]): Revealed {
  const scenario = scenarios.find((each) => each.name === name)
  if (!scenario) return { kind: null, text: 'No span says which scenario this is', observed: null }
  const observation: Observation = observe(scenario.finding, steps)
  return { kind: observation.kind, text: sentenceOf(observation), observed: observation.observed }
}

/** A lost workflow span does not hide what the run was: all of its spans say so. */
function scenarioOf(steps: readonly RevealedStep[]): string | undefined {
  const workflow = withOperation(steps, 'invoke_workflow')[0]?.facts.workflow
  const isKnown = scenarios.some(({ name }) => name === workflow)
  return isKnown ? workflow : (steps.find(({ scenario }) => scenario !== null)?.scenario ?? undefined)
}

/** What is known of the run that a span of these is of. */
function knownOf(
  steps: readonly RevealedStep[],
  scenarioOfSpan: ReadonlyMap<string | null, string>,
): string | undefined {
  const span = steps.find(({ span_id }) => scenarioOfSpan.has(span_id))
  return span && scenarioOfSpan.get(span.span_id)
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
