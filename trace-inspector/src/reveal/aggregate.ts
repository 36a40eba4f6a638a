import type { AggregateRow } from 'findings/finding'
import { distribution } from 'findings/statistics'
import { type AnalysisStep, compare, durationOf, round } from 'findings/step'

/** The table of an APM: spans by name, the most total time first. Set beside a finding, it shows what it hides. */
export function aggregate(steps: readonly AnalysisStep[]): AggregateRow[] {
  return [...Map.groupBy(steps, ({ name }) => name)]
    .map(([name, named]) => ({
      name,
      ...distribution(named.map(durationOf)),
      error_rate: round(named.filter(({ failed }) => failed).length / named.length),
    }))
    .sort((a, b) => b.mean_ms * b.count - a.mean_ms * a.count || compare(a.name, b.name))
}
