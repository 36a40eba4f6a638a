import { amountOf, isAfterWait, isAsked, waitsFor } from './asking.ts'
import { type Detector, type Found, isWaitedFor, removed } from './detector.ts'

/** So many times what is usual is late. */
const late = 4

/** A person has answered, and the agent goes on far later than agents do, and than it was to. */
export const resumeLag: Detector = (table, { people: { resumeMs } }) =>
  table.steps
    .flatMap((step, index) =>
      isAfterWait(table.steps, index) && step.gap_ms > late * resumeMs && waitsFor(step) < step.gap_ms / 2
        ? [index]
        : [],
    )
    .map((index): Found => ({
      kinds: ['resume_lag'],
      blames: 'agent',
      steps: [index],
      instead: ({ ms }) => ({ ms, gap_ms: resumeMs }),
    }))
    .filter((found) => isWaitedFor(table, found))

/** A person was asked about less than what others are not asked about. */
export const unneeded: Detector = ({ steps }, { people: { unasked } }) =>
  steps.flatMap((step, index) =>
    isAsked(step) && amountOf(step) <= (unasked.get(step.name) ?? 0)
      ? [{ kinds: ['unneeded'], blames: 'agent', steps: [index], instead: removed }]
      : [],
  )

/** Nobody answered in time, and what had been done before was done again, with no other result. */
export const redo: Detector = ({ steps }) =>
  steps.flatMap((wait, at): Found[] => {
    if (!isAsked(wait) || wait.result !== 'expire') return []
    const next = steps.findIndex((step, index) => index > at && isAsked(step) && step.args === wait.args)
    const known = new Map(steps.slice(0, at).map((step) => [`${step.name} ${step.args}`, step.result]))
    const again = steps.flatMap(({ kind, name, args, result }, index) =>
      kind === 'tool' && index > at && index < next && known.get(`${name} ${args}`) === result ? [index] : [],
    )
    if (again.length === 0) return []
    const withThoughts = again.flatMap((index) => (steps[index - 1]?.kind === 'model' ? [index - 1, index] : [index]))
    return [{ kinds: ['redo'], blames: 'agent', steps: withThoughts, instead: removed }]
  })
