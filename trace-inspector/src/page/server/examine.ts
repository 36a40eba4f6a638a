import type { LedgerAnswer } from 'contract/ledger'
import { culpritsOf } from 'exam/keys'
import { compare } from 'exam/mark'
import { keysOf } from '../../keys.ts'
import type { Trace } from '../../trace.ts'
import type { LedgerFinding } from '../model/finding.ts'

export interface Examined {
  trace_id: string
  /** `right`: all culprits and nothing else. `partly`: some. `wrong`: none, or a culprit where there is none. */
  verdict: 'right' | 'partly' | 'wrong'
  /** Of what was pointed at, but for what is neutral, the share that is a culprit; 1 when rightly nothing was. */
  precision: number
  /** Of the culprits, the share that was pointed at; 1 where there are none. */
  recall: number
  /** A span for each culprit that was pointed at, and for each that was not. */
  found: string[]
  missed: string[]
  /** What was pointed at and is no culprit. */
  wrong: string[]
  /** What a right answer names; empty when nothing is wrong. */
  culprits: string[]
  kind: string | null
  text: string
}

/** Scores an answer by the keys of a trace's runs, as an exam is scored. Throws a 409 problem when one has none. */
export function examine(
  { runs, trace_id }: LedgerAnswer,
  trace: Trace | undefined,
  answer: readonly string[],
): Examined {
  const findings = runs.flatMap(({ finding }) => (finding ? [finding as LedgerFinding] : []))
  // A SERVER span of another service is known by its call alone.
  const known = new Set(runs.flatMap(({ steps }) => steps.map(({ span_id }) => span_id)))
  const named = answer.map((id) => (known.has(id) ? id : (trace?.spans.get(id)?.parentSpanId ?? id)))
  const keys = keysOf(runs).map(culpritsOf)
  const groups = keys.flatMap(({ accepted }) => accepted)
  const neutral = keys.flatMap((key) => key.neutral)
  const compared = compare([...new Set(named)], groups, neutral)
  const { right, wrong, hit, missed } = compared
  const isRight = wrong.length === 0 && missed.length === 0
  return {
    trace_id,
    verdict: isRight ? 'right' : hit.length > 0 ? 'partly' : 'wrong',
    precision: compared.named.length === 0 ? Number(groups.length === 0) : right.length / compared.named.length,
    recall: groups.length === 0 ? 1 : hit.length / groups.length,
    found: hit.flatMap(firstOf),
    missed: missed.flatMap(firstOf),
    wrong,
    culprits: groups.flatMap(firstOf),
    kind: findings[0]?.kind ?? null,
    text: findings.map(({ text }) => text).join(' '),
  }
}

const firstOf = ([first]: readonly string[]) => first ?? []
