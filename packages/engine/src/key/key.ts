import { type Key, type KeyFault, keySchemaVersion } from 'contract/key'
import type { LedgerStep } from 'contract/ledger'
import { plantedKinds } from 'contract/taxonomy'
import type { Run, RunRequest } from '../run.ts'
import { disturbanceOf } from './disturbance.ts'
import { judge, type Judgements } from './impacts.ts'
import type { StruckFault } from './register.ts'
import { NamingSpans, type ServerSpanOf } from './spans.ts'

/** So many unplanned failures are named. */
const mostNamed = 100

export interface KeyOptions {
  /** Judges the faults of a run: in this thread, unless it is told otherwise. */
  judge?: (request: RunRequest) => Promise<Judgements>
  serverSpanOf?: ServerSpanOf
}

/** The right answer to a run that has come to its end. Where no fault struck, nothing is played again. */
export async function keyOf(run: Run, options: KeyOptions = {}): Promise<Key> {
  const { steps } = run.ledger
  const struck = run.faults.faults
  const judgements = struck.length > 0 ? await (options.judge ?? judge)(run.request) : {}
  const spans = new NamingSpans(steps, options.serverSpanOf)
  const faults = struck.map((fault) => judged(fault, judgements, spans)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const culprits = faults.filter(isCulprit).flatMap(({ accepted }) => accepted.flat())
  const spansOf = (keys: Iterable<string>) => [...keys].flatMap((key) => spans.of(key))
  const ofNeutral = faults.filter((fault) => !isCulprit(fault)).flatMap(({ accepted }) => accepted.flat())
  const neutral = without(culprits, [...ofNeutral, ...spansOf(run.faults.neutralSteps)])
  return {
    key_schema_version: keySchemaVersion,
    trace_id: run.traceId,
    level: Number(run.params.level ?? 1),
    verdict: faults.some(isCulprit) ? 'faulty' : 'healthy',
    faults,
    neutral,
    slack: without(culprits, spansOf(run.faults.slackSteps)),
    decoys: without([...culprits, ...neutral], spansOf(run.faults.decoySteps)),
    step_limit: run.ok === false && steps.some(endedByLength),
    unplanned: unplannedOf(steps, run.faults.unplannedSteps),
    ...disturbanceOf(steps, struck),
  }
}

/** Throws where no step of the run is one that it struck: nobody could name it, and it never happened. */
function judged(fault: StruckFault, judgements: Judgements, spans: NamingSpans): KeyFault {
  const { id, kind, entity, magnitude, window, steps } = fault
  if (!steps.values().some((key) => spans.has(key)))
    throw new Error(`Fault ${id} struck ${[...steps].join(', ')}: the run has no such step`)
  // One that only this run met, since something unplanned had happened before, was not judged.
  const { impact, standing } = judgements[id] ?? {
    impact: null,
    standing: fault.isHarmless ? 'neutral' : fault.losesCall || fault.breaksTrace ? 'required' : 'masked',
  }
  return {
    id,
    kind,
    category: plantedKinds[kind].category,
    standing,
    accepted: [[...new Set(steps.values().flatMap((key) => spans.of(key)))]],
    entity,
    steps: [...steps].toSorted(),
    magnitude: magnitude ?? null,
    ...(window && { window }),
    impact,
  }
}

const isCulprit = ({ standing }: KeyFault) => standing !== 'neutral'

const without = (others: readonly string[], spanIds: readonly string[]) => [
  ...new Set(spanIds).difference(new Set(others)),
]

const endedByLength = ({ facts }: LedgerStep) => facts.operation === 'chat' && facts.finish_reason === 'length'

/** What goes over the network, and may fail there. */
const calls: ReadonlySet<string> = new Set(['http_client', 'hand_over'])

/** Calls that failed though no tool said that it failed them, and no model was made to; and those that are said to be such. */
function unplannedOf(steps: readonly LedgerStep[], told: ReadonlySet<string>): Key['unplanned'] {
  const failed = steps.filter(
    ({ key, facts, status, tool, injected }) =>
      told.has(key) ||
      (calls.has(facts.operation) && status === 'error' && tool === null && injected?.fault !== 'model_failure'),
  )
  const byType = Object.groupBy(failed, ({ error_type }) => error_type ?? '_OTHER')
  return {
    count: failed.length,
    error_types: Object.fromEntries(Object.entries(byType).map(([type, of = []]) => [type, of.length])),
    spans: failed.slice(0, mostNamed).map(({ span_id }) => span_id ?? ''),
  }
}
