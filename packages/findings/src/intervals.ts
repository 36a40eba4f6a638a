import { type AnalysisStep, byStart } from './step.ts'

/** The times in which at least one of these steps ran, apart and in order. */
export function mergedTimes(steps: readonly AnalysisStep[]): { from: number; to: number }[] {
  const merged: { from: number; to: number }[] = []
  for (const { start_ms, end_ms } of byStart(steps)) {
    const last = merged.at(-1)
    if (last && start_ms <= last.to) last.to = Math.max(last.to, end_ms)
    else merged.push({ from: start_ms, to: end_ms })
  }
  return merged
}

/** How long they are together, ms. */
export function totalOf(times: readonly { from: number; to: number }[]): number {
  return times.reduce((sum, { from, to }) => sum + to - from, 0)
}
