import { membersOf } from 'findings/answers'
import type { Step } from '../table/table.ts'
import { type Detector, type Found, removed } from './detector.ts'

interface At {
  step: Step
  index: number
}

const handOversIn = (steps: readonly Step[]): At[] =>
  steps
    .flatMap((step, index) => (step.kind === 'handover' ? [{ step, index }] : []))
    .toSorted((a, b) => a.step.start_ms - b.step.start_ms)

const found = (kind: Found['kinds'][number], index: number): Found => ({
  kinds: [kind],
  steps: [index],
  instead: removed,
})

/** Nothing is below the call, and a trace that says nothing of it fits there. */
export const severed: Detector = ({ steps }) =>
  handOversIn(steps).flatMap(({ step, index }) =>
    step.handed?.reach === 'orphan' ? [{ ...found('severed', index), blames: 'handing over' }] : [],
  )

/** Later than this is late, ms, unless it was asked for. */
const lateMs = 3000

/** The agent that took over began late, and somebody waited for it. */
export const acceptLag: Detector = ({ steps }) =>
  handOversIn(steps).flatMap(({ step, index }) => {
    const askedMs = 1000 * Number(membersOf(step.args)?.after_s ?? 0)
    const isLate = step.handed?.reach === 'below' && step.ms - askedMs > lateMs
    return isLate && !step.handed?.isLeftAlone ? [found('accept_lag', index)] : []
  })

/** So often the same is told to the same agent, and so often it has nothing new to say. */
const often = 3

/** The same is handed over again and again, to the same answer. */
export const bounce: Detector = ({ steps }) =>
  [...Map.groupBy(handOversIn(steps), ({ step: { args, result } }) => `${args} ${result}`).values()]
    .filter((group) => group.length >= often)
    .map((group) => ({ ...found('bounce', 0), steps: group.slice(1).map(({ index }) => index) }))

const sentOf = ({ uncached_tokens, cached_tokens }: Step) => uncached_tokens + cached_tokens

/** What an agent was sent of what the one had said and heard that handed over: a share, where both have asked their models. */
export function handedShare(steps: readonly Step[], handOver: Step): number {
  if (handOver.handed?.reach !== 'below') return 1
  const chats = steps.filter(({ kind }) => kind === 'model').toSorted((a, b) => a.start_ms - b.start_ms)
  const before = chats.findLast(({ agent, start_ms }) => agent === handOver.agent && start_ms < handOver.start_ms)
  const first = chats.find(
    ({ agent, start_ms }) => agent === handOver.name && start_ms >= handOver.start_ms + handOver.ms,
  )
  return before && first ? sentOf(first) / (sentOf(before) + before.output_tokens) : 1
}

/** Below this share something was left out. */
const whole = 0.9

/** An agent was handed less than was known, and asked again for what had been asked, to the same answer. */
export const dropped: Detector = ({ steps }) => {
  const handOvers = handOversIn(steps)
  const calls = steps.filter(({ kind }) => kind === 'tool')
  return handOvers.flatMap(({ step, index }, at) => {
    if (handedShare(steps, step) >= whole) return []
    const next = handOvers.slice(at + 1).find((other) => other.step.agent === step.agent)?.step.start_ms ?? Infinity
    const isAgain = ({ name, args, result }: Step) =>
      calls.some(
        (call) => call.start_ms < step.start_ms && call.name === name && call.args === args && call.result === result,
      )
    const again = calls.filter(
      (call) => call.agent === step.name && call.start_ms > step.start_ms && call.start_ms < next && isAgain(call),
    )
    return again.length > 0 ? [found('dropped', index)] : []
  })
}
