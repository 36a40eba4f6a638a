import { type AnalysisStep, compare } from './step.ts'

/**
 * The longest chain of steps that waited for one another. From the end of `root` it walks back: to the child that
 * finished last before the cursor, through it, and on from its start; what lies between is the parent's own time.
 * Children are clipped to their parent; ties go by span id. Iterative: a chain may be 5,000 deep.
 * After Jaeger's critical path (https://www.jaegertracing.io/docs/latest/architecture/#critical-path).
 */
export function walkCriticalPath(steps: readonly AnalysisStep[], root: AnalysisStep): Map<AnalysisStep, number> {
  const childrenOf = new Map<string, AnalysisStep[]>()
  for (const step of steps) {
    // Spans from outside may hang the root below itself.
    if (step === root || step.service !== root.service || step.parent_span_id === null) continue
    const siblings = childrenOf.get(step.parent_span_id)
    if (siblings) siblings.push(step)
    else childrenOf.set(step.parent_span_id, [step])
  }
  const exclusive = new Map<AnalysisStep, number>()
  const enter = (step: AnalysisStep, start: number, end: number) => {
    exclusive.set(step, 0)
    const children = (childrenOf.get(step.span_id) ?? [])
      .map((child) => ({ child, start: Math.max(child.start_ms, start), end: Math.min(child.end_ms, end) }))
      .filter((clipped) => clipped.end >= clipped.start)
      // The last to finish is at the end of the list, where it is taken from.
      .sort((a, b) => a.end - b.end || compare(b.child.span_id, a.child.span_id))
    return { step, start, cursor: end, children }
  }
  const open = [enter(root, root.start_ms, root.end_ms)]
  for (let frame = open.at(-1); frame; frame = open.at(-1)) {
    const next = frame.children.pop()
    const own = (until: number) =>
      exclusive.set(frame.step, (exclusive.get(frame.step) as number) + frame.cursor - until)
    if (!next) {
      own(frame.start)
      open.pop()
    } else if (next.end <= frame.cursor) {
      own(next.end)
      frame.cursor = next.start
      open.push(enter(next.child, next.start, next.end))
    }
  }
  return exclusive
}
