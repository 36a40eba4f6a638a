import type { PlantedKind } from 'contract/taxonomy'
import type { Step } from '../table/table.ts'
import { type Detector, type Found, isWaitedFor } from './detector.ts'

const one: Record<Step['kind'], readonly PlantedKind[]> = {
  tool: ['straggler', 'slow_link', 'slow_branch', 'slow_tool'],
  model: ['slow_model'],
  chunk: ['slow_chunk', 'straggler'],
  wait: [],
  handover: [],
}
const many: readonly PlantedKind[] = ['tool_slow', 'shard_slow']
/** So many, and this share of what comes after the first, are no coincidence. */
const lot = { count: 4, share: 0.5 }

/** Slower than tool and size explain, and somebody waited for it: one call, or all of a tool from a moment on. */
export const slow: Detector = (table, usual) => {
  const { steps } = table
  const instead = (step: Step) => ({ ms: usual.expected(step) ?? step.ms, gap_ms: step.gap_ms })
  const candidates = steps.flatMap((step, index) => {
    const expected = usual.expected(step)
    return expected !== undefined && step.job >= 0 && step.ms > expected * usual.limitOf(step) ? [index] : []
  })
  const at = (index: number) => steps[index] as Step
  return [...Map.groupBy(candidates, (index) => `${at(index).kind} ${at(index).name}`).values()].flatMap((group) => {
    const [first] = group as [number]
    const since = Math.min(...group.map((index) => at(index).start_ms))
    const later = steps.filter(
      ({ kind, name, failure, job, start_ms }) =>
        kind === at(first).kind && name === at(first).name && failure === null && job >= 0 && start_ms >= since,
    )
    const all: Found = { kinds: many, steps: group, instead }
    if (group.length >= lot.count && group.length >= lot.share * later.length && isWaitedFor(table, all)) return [all]
    return group
      .map((index): Found => ({ kinds: one[at(index).kind], steps: [index], instead }))
      .filter((found) => isWaitedFor(table, found))
  })
}
