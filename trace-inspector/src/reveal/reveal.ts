import type { KeyAnswer } from 'contract/key'
import type { Usage } from 'contract/usage'
import { scenarios } from 'engine/scenarios/index'
import type { AggregateRow } from 'findings/finding'
import { keyOfAll } from 'findings/key-of-all'
import { observe, type Observation, sentenceOf } from 'findings/kinds'
import { type Compared, compareWithKey } from 'findings/planted'
import { byStart, withOperation } from 'findings/step'
import { usageOf } from 'findings/usage'
import type { ReceivedSpan } from '../otlp/span.ts'
import { originOf } from '../times.ts'
import { aggregate } from './aggregate.ts'
import { type RevealedStep, toAnalysisStep } from './step.ts'

export interface Revealed {
  kind: Observation['kind'] | null
  /** One sentence for a person. */
  text: string
  observed: Observation['observed'] | null
  /** What was planted against what these spans reveal; null where nobody tells what was. */
  planted: Compared | 'pending' | null
}

export interface Revelation extends Revealed {
  trace_id: string
  aggregate: AggregateRow[]
  /** What the model calls of all its runs used, as spans say it. */
  usage: Usage
  /** Of further runs in the same trace, by start. */
  others: Revealed[]
}

/** What is known of a run beside its spans: what of, which they are, and what was planted. */
export interface KnownRun {
  scenario: string
  steps: readonly { span_id: string | null }[]
  key?: KeyAnswer
}

/**
 * What is wrong in a trace, as far as its spans alone can tell, and how that compares with what was planted, which ledgers
 * say. They also say which scenarios runs are of whose spans do not: blind ones.
 */
export function reveal(traceId: string, spans: Iterable<ReceivedSpan>, known: readonly KnownRun[] = []): Revelation {
  const received = [...spans]
  const origin = originOf(received) ?? 0
  const steps = received.map((span) => toAnalysisStep(span, origin))
  const runOfSpan = new Map(known.flatMap((run) => run.steps.map(({ span_id }) => [span_id, run])))
  const revealed = runsIn(steps).map((run) => {
    const ledgers = new Set(run.flatMap(({ span_id }) => runOfSpan.get(span_id) ?? []))
    return revealRun(run, [...ledgers])
  })
  const [first = revealRun(steps, []), ...others] = revealed
  return { trace_id: traceId, ...first, aggregate: aggregate(steps), usage: usageOf(steps), others }
}

/** `ledgers` are of the run, and of what others played of it in this trace. */
function revealRun(steps: readonly RevealedStep[], ledgers: readonly KnownRun[]): Revealed {
  const name = scenarioOf(steps) ?? ledgers[0]?.scenario
  const scenario = scenarios.find((each) => each.name === name)
  if (!scenario) return { kind: null, text: 'No span says which scenario this is', observed: null, planted: null }
  const observation: Observation = observe(scenario.finding, steps)
  const { kind, observed } = observation
  const key = keyOfAll(ledgers.map(({ key = null }) => key))
  const planted = key === null || key === 'pending' ? key : compareWithKey(key, observed.span_ids)
  return { kind, text: sentenceOf(observation), observed, planted }
}

/** A lost workflow span does not hide what the run was: all of its spans say so. */
function scenarioOf(steps: readonly RevealedStep[]): string | undefined {
  const workflow = withOperation(steps, 'invoke_workflow')[0]?.facts.workflow
  const isKnown = scenarios.some(({ name }) => name === workflow)
  return isKnown ? workflow : (steps.find(({ scenario }) => scenario !== null)?.scenario ?? undefined)
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
