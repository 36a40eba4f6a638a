import type { OpenStep } from '../open-step.ts'

/** Writes the run's state away. */
export function checkpoint(workflow: OpenStep, sizeKb: number): Promise<void> {
  const ms = Math.min(500, (sizeKb / 1024) * 200)
  return workflow.open(
    { key: 'checkpoint', injected: { drawn_ms: ms }, facts: { operation: 'checkpoint', size_kb: sizeKb } },
    (step) => step.spend(ms),
  )
}
