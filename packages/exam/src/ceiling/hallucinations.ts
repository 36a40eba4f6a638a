import { membersOf } from 'findings/answers'
import type { Step } from '../table/table.ts'
import { lineOf } from './calling.ts'
import { type Detector, type Found, removed } from './detector.ts'

const idOf = ({ args }: Step) => membersOf(args)?.id

/** A call, and what the model said on the way to it. */
const withThought = (steps: readonly Step[], index: number) =>
  steps[index - 1]?.kind === 'model' ? [index - 1, index] : [index]

/** Calls of a run that were refused for what was asked, by what they were about. */
function refusedIn(steps: readonly Step[], is: (step: Step) => boolean): number[][] {
  const refused = steps.flatMap((step, index) => (step.failure === 'invalid' && is(step) ? [index] : []))
  return [...Map.groupBy(refused, (index) => idOf(steps[index] as Step) ?? index).values()]
}

const found = (kind: Found['kinds'][number], steps: readonly Step[], group: readonly number[]): Found => ({
  kinds: [kind],
  blames: 'model',
  steps: group.flatMap((index) => withThought(steps, index)),
  instead: removed,
})

/** A tool was asked that has never answered anybody. */
export const noTool: Detector = ({ steps }, { calling: { tools } }) =>
  refusedIn(steps, ({ name }) => !tools.has(name)).map((group) => found('no_tool', steps, group))

/** So often is no slip that was mended at once. */
const often = 3

/** A tool was asked in a way in which it has never answered anybody: again and again, or nothing came of it. */
export const badArguments: Detector = ({ steps }, { calling: { tools, shapes } }) =>
  refusedIn(steps, ({ name, args }) => tools.has(name) && !shapes.has(lineOf(name, args)))
    .filter((group) => {
      const id = idOf(steps[group[0] as number] as Step)
      const isMended = steps.some((step) => step.kind === 'tool' && step.failure === null && idOf(step) === id)
      return group.length >= often || !isMended
    })
    .map((group) => found('bad_arguments', steps, group))

/** Users group the digits of an id, and write them large. */
const read = (text: string) => text.toLowerCase().replaceAll('-', '')

/** An id was asked about that neither the user nor any earlier answer has named; what is created has one of its own. */
export const inventedId: Detector = ({ steps }) => {
  let said = ''
  return steps.flatMap((step, index) => {
    const id = step.kind === 'tool' && membersOf(step.args)?.action !== 'create' ? idOf(step) : undefined
    const isKnown = typeof id !== 'string' || said.includes(read(id))
    said += ` ${read(step.kind === 'model' ? step.args : step.result)}`
    return isKnown ? [] : [found('invented_id', steps, [index])]
  })
}
