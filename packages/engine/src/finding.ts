import { faults } from 'contract/faults'
import { handoffPath } from 'contract/handoff'
import { type FindingKind, observe, type ObservedOf, plantedBy, sentenceOf } from 'findings/kinds'
import { type AnalysisStep, compare } from 'findings/step'
import type { LedgerStep } from 'contract/ledger'
import type { Dialect } from 'dialects/dialect'
import type { Ledger } from './ledger.ts'

/** One thing that a run was made to suffer from. */
export interface Injected {
  key: string
  /** How long the call was made to take, ms. */
  drawn_ms: number
  span_id: string
}

export type Finding<Kind extends FindingKind = FindingKind> = {
  [Each in Kind]: {
    kind: Each
    /** One sentence for a person; once there is a key, with how what was found compares with what was planted. */
    text: string
    /** What seed and parameters planted, by key; null when nothing, and where the figure itself is the finding. */
    injected: Injected[] | null
    observed: ObservedOf<Each>
  }
}[Kind]

/** What a good tool must see in the trace of a run: what was planted, and what the rule of its kind finds. */
export function findingOf<Kind extends FindingKind>(kind: Kind, ledger: Ledger, dialect: Dialect): Finding<Kind> {
  const observation = observe(kind, toAnalysisSteps(ledger, dialect))
  const { observed } = observation
  return { kind, text: sentenceOf(observation), injected: injectedBy(kind, ledger.steps), observed }
}

/** Ledger steps as the formulas see them. SERVER spans of other services have no id here and are no part of any formula. */
export function toAnalysisSteps(ledger: Ledger, dialect: Dialect): AnalysisStep[] {
  const { steps } = ledger
  const found: AnalysisStep[] = []
  for (const step of steps) {
    const {
      span_id,
      parent_id,
      remote_parent_span_id,
      service,
      agent_id,
      facts,
      events,
      start_ms,
      duration_ms,
      status,
    } = step
    const { arguments: given, result } = ledger.saidIn(step)
    if (span_id === null || duration_ms === null) continue
    found.push({
      span_id,
      parent_span_id: parent_id === null ? remote_parent_span_id : (steps[parent_id]?.span_id ?? null),
      operation: facts.operation,
      name: dialect.nameOf(facts),
      service,
      agent_id,
      facts,
      events,
      start_ms,
      end_ms: start_ms + duration_ms,
      failed: status === 'error',
      arguments: given,
      result,
    })
    if (step.links) (found.at(-1) as AnalysisStep).linksElsewhere = true
    if (step.handed_over?.in_trace) found.push(takenOver(step.handed_over.span_id, found.at(-1) as AnalysisStep))
  }
  return found
}

/** The request of whoever took over: it stands in another ledger. */
const takenOver = (span_id: string, call: AnalysisStep): AnalysisStep => ({
  ...call,
  span_id,
  parent_span_id: call.span_id,
  operation: 'http_server',
  name: `POST ${handoffPath}`,
  facts: {},
})

function injectedBy(kind: FindingKind, steps: readonly LedgerStep[]): Injected[] | null {
  const fault = plantedBy(kind)
  const category = fault === undefined ? 'latency' : faults[fault].category
  // A call's latency is drawn by its first attempt.
  const drawnByParent = new Map<number | null, number | undefined>()
  for (const { facts, parent_id, injected } of steps)
    if (facts.operation === 'http_client' && facts.attempt === 0) drawnByParent.set(parent_id, injected?.drawn_ms)
  const planted = steps.filter(
    ({ injected }) => injected?.fault !== undefined && faults[injected.fault].category === category,
  )
  if (planted.length === 0) return null
  return planted
    .map(({ id, key, span_id, injected }) => ({
      key,
      drawn_ms: injected?.drawn_ms ?? drawnByParent.get(id) ?? 0,
      span_id: span_id ?? '',
    }))
    .sort((a, b) => compare(a.key, b.key))
}
