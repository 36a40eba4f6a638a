import type { LedgerAnswer, RunLedger } from 'contract/ledger'
import { plantedBy } from 'findings/kinds'
import type { Trace } from '../../trace.ts'
import type { LedgerFinding } from '../model/finding.ts'
import { type ExamSpan, score, type Score } from '../model/exam.ts'

export interface Examined extends Score {
  trace_id: string
  /** What a right answer names; empty when nothing is wrong. */
  culprits: string[]
  kind: string | null
  text: string
}

/** Scores an answer by what the runs of a trace know of themselves. */
export function examine(ledger: LedgerAnswer, trace: Trace | undefined, answer: readonly string[]): Examined {
  const findings = ledger.runs.flatMap(({ finding }) => (finding ? [finding as LedgerFinding] : []))
  const culprits = findings.flatMap(culpritsOf)
  // A SERVER span of another service is known by its call alone.
  const known = new Set(ledger.runs.flatMap(({ steps }) => steps.map(({ span_id }) => span_id)))
  const named = answer.map((id) => (known.has(id) ? id : (trace?.spans.get(id)?.parentSpanId ?? id)))
  return {
    trace_id: ledger.trace_id,
    ...score(culprits, [...new Set(named)], ledger.runs.flatMap(spansOf)),
    culprits,
    kind: findings[0]?.kind ?? null,
    text: findings.map(({ text }) => text).join(' '),
  }
}

/** Where culprits are planted and none was, the right answer is that nothing is wrong. */
function culpritsOf({ kind, injected, observed }: LedgerFinding): string[] {
  return plantedBy(kind) ? (injected ?? []).map(({ span_id }) => span_id) : observed.span_ids
}

function spansOf({ steps }: RunLedger): ExamSpan[] {
  return steps.flatMap(({ span_id, parent_id, facts, agent_id }) =>
    span_id === null
      ? []
      : {
          span_id,
          parent_span_id: parent_id === null ? null : (steps[parent_id]?.span_id ?? null),
          operation: facts.operation,
          agent_id,
        },
  )
}
