import { type Difference, differenceKinds } from '../../trace-inspector/src/verify/difference.ts'
import { type Column, renderHead, renderRow } from '../table.ts'
import type { Outcome } from './runs.ts'

const columns: Column[] = [
  { title: 'scenario', width: 9 },
  { title: 'verdict', width: 10 },
  { title: 'spans', width: 15, align: 'right' },
  { title: 's', width: 5, align: 'right' },
  { title: 'trace', width: 32 },
  { title: 'what its spans reveal' },
]
const mostDifferences = 5

export const head = renderHead(columns)

/** The lines of one run. */
export function renderOutcome(outcome: Outcome): string {
  const { scenario, elapsed_s: elapsedS, passed } = outcome
  const seconds = elapsedS.toFixed(1)
  const trace = outcome.trace_id ?? ''
  if (!outcome.verification) return row(scenario, 'failed', '', seconds, trace, outcome.problem ?? '')
  const { disturbed, verdict, counts, run, differences, note, clock_skew_ms: skew } = outcome.verification
  const spans = `${counts.received} of ${counts.expected}`
  const lines = [row(scenario, verdict, spans, seconds, trace, outcome.reveals ?? '')]
  if (disturbed !== null) lines.unshift(disturbed)
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

const row = (...cells: string[]) => renderRow(columns, cells)

/** The last lines: what was not compared, and how many of how many, as whom it was told by. */
export function renderEnd(outcomes: readonly Outcome[], judge: string, notCarried: readonly string[]): string {
  const count = (passed: boolean | null) => outcomes.filter((outcome) => outcome.passed === passed).length
  const failed = count(false)
  const unknown = count(null)
  const verdict =
    failed > 0
      ? `${failed} of ${outcomes.length} traces did not pass`
      : `${unknown > 0 ? `${count(true)} of` : 'All'} ${outcomes.length} traces passed`
  return [
    ...(notCarried.length > 0 ? [`Not compared: ${notCarried.join('; ')}.`] : []),
    ...(unknown > 0 ? [`Of ${unknown} nothing can be said: what is missing was not lost on the way.`] : []),
    `${verdict}, says ${judge}.`,
  ].join('\n')
}
