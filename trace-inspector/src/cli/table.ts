import { type Difference, differenceKinds } from '../verify/difference.ts'
import type { Outcome } from './verify-runs.ts'

const columns = { scenario: 10, verdict: 11, spans: 16, seconds: 6, trace: 33 }
const mostDifferences = 5

export function renderHead(): string {
  return row('scenario', 'verdict', 'spans', 's', 'trace', 'what its spans reveal')
}

/** The lines of one run. */
export function renderOutcome(outcome: Outcome): string {
  const { scenario, elapsed_s: elapsedS, passed } = outcome
  const seconds = elapsedS.toFixed(1)
  const trace = outcome.trace_id ?? ''
  if (!outcome.verification) return row(scenario, 'failed', '', seconds, trace, outcome.problem ?? '')
  const { verdict, counts, run, differences, note, clock_skew_ms: skew } = outcome.verification
  const spans = `${counts.received} of ${counts.expected}`
  const lines = [row(scenario, verdict, spans, seconds, trace, outcome.reveals ?? '')]
  if (run === 'running') lines.push('  the run had not ended when the wait was over')
  if (note !== null) lines.push(`  ${note}`)
  for (const [service, ms] of Object.entries(skew)) lines.push(`  ${renderSkew(service, ms)}`)
  if (counts.differences > 0) {
    const kinds = differenceKinds.filter((kind) => counts[kind] > 0).map((kind) => `${kind} ${counts[kind]}`)
    lines.push(`  ${kinds.join(', ')}${passed ? '' : ':'}`)
    if (!passed) lines.push(...differences.slice(0, mostDifferences).map(renderDifference))
  }
  return lines.join('\n')
}

const renderSkew = (service: string, ms: number) =>
  `the clock of ${service} was ${Math.abs(ms)} ms ${ms > 0 ? 'ahead' : 'behind'}: subtracted`

function renderDifference({ kind, span_id, path, expected, actual }: Difference): string {
  const change = [expected, actual].map((value) => JSON.stringify(value)).join(' → ')
  return `  ${kind} ${span_id ?? ''} ${path}\n    ${change}`
}

function row(scenario: string, verdict: string, spans: string, seconds: string, trace: string, text: string): string {
  return [
    scenario.padEnd(columns.scenario),
    verdict.padEnd(columns.verdict),
    spans.padStart(columns.spans),
    seconds.padStart(columns.seconds),
    trace.padEnd(columns.trace),
    text,
  ]
    .join(' ')
    .trimEnd()
}

/** The last lines: what was not compared, and how many of how many, as whom it was told by. */
export function renderEnd(outcomes: readonly Outcome[], judge: string, notCarried: readonly string[]): string {
  const count = (passed: boolean | null) => outcomes.filter((outcome) => outcome.passed === passed).length
  const failed = count(false)
  const unknown = count(null)
  const verdict =
    failed > 0
      ? `${failed} of ${outcomes.length} runs did not pass`
      : `${unknown > 0 ? `${count(true)} of` : 'All'} ${outcomes.length} runs passed`
  return [
    ...(notCarried.length > 0 ? [`Not compared: ${notCarried.join('; ')}.`] : []),
    ...(unknown > 0 ? [`Of ${unknown} nothing can be said: what is missing was not lost on the way.`] : []),
    `${verdict}, says ${judge}.`,
  ].join('\n')
}
