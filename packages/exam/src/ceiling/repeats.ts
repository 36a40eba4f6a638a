import { shapeOf } from 'findings/arguments'
import { fieldOf } from '../table/rows.ts'
import type { Step } from '../table/table.ts'
import { type Detector, type Found, removed } from './detector.ts'

/** What a call is about: its arguments, or the id in them where something beside it changes from call to call. */
function aboutOf({ args }: Step): string {
  const id = fieldOf(args, 'id')
  return typeof id === 'string' ? id : args
}

const contextOf = ({ uncached_tokens, cached_tokens }: Step) => uncached_tokens + cached_tokens

interface At {
  step: Step
  index: number
}

const callsIn = (steps: readonly Step[]): At[] =>
  steps.flatMap((step, index) => (step.kind === 'tool' && !step.isCached ? [{ step, index }] : []))

/** What was said before a call that need not be is not needed either. */
const withThoughts = (steps: readonly Step[], calls: readonly At[]) =>
  calls.flatMap(({ index }) => (steps[index - 1]?.kind === 'model' ? [index - 1, index] : [index]))

/** The same is asked again and again, of one tool or of two in turn; the answer never changes, and nothing was written in between. */
export const loop: Detector = ({ steps }) => {
  const groups = [...Map.groupBy(callsIn(steps), ({ step }) => `${step.name} ${aboutOf(step)}`).values()]
  const repeated = groups.filter((group) => {
    const [first, last] = [group[0]?.index as number, group.at(-1)?.index as number]
    const isAnswered = group.every(({ step }) => step.failure === null)
    const answers = new Set(group.map(({ step }) => step.result))
    const isWritten = steps.slice(first, last).some(({ isWrite }) => isWrite)
    return group.length >= 2 && isAnswered && answers.size <= 1 && !isWritten && !isExcused(steps, group)
  })
  if (repeated.reduce((sum, group) => sum + group.length - 1, 0) < 2) return []
  const inTurn = repeated.filter((group) => repeated.some((other) => other !== group && isInTurn(group, other)))
  const found = (kinds: Found['kinds'], some: readonly At[][]): Found[] => {
    const again = some.flatMap((group) => group.slice(1))
    return again.length === 0 ? [] : [{ kinds, steps: withThoughts(steps, again), instead: removed }]
  }
  return [
    ...found(['pingpong', 'loop'], inTurn),
    ...found(
      ['loop'],
      repeated.filter((group) => !inTurn.includes(group)),
    ),
  ]
}

/** Whether every repeat was asked for, by the answer before or by the user, or comes after what was said was cut: it had to be made. */
function isExcused(steps: readonly Step[], group: readonly At[]): boolean {
  return group.slice(1).every(({ step, index }, at) => {
    const chats = steps.slice(0, index).filter(({ kind }) => kind === 'model')
    const since = steps.slice(group[at]?.index, index).filter(({ kind }) => kind === 'model')
    const isCut = since.some((chat) => {
      const before = chats[chats.indexOf(chat) - 1]
      return before !== undefined && contextOf(chat) < contextOf(before)
    })
    const isTold = since.some(({ args }) => args !== '')
    return step.asked_ms > 0 || isTold || isCut
  })
}

/** Whether between two calls of the one there is always one of the other. */
function isInTurn(one: readonly At[], other: readonly At[]): boolean {
  const order = [
    ...one.map(({ index }) => ({ index, isOne: true })),
    ...other.map(({ index }) => ({ index, isOne: false })),
  ]
    .toSorted((a, b) => a.index - b.index)
    .map(({ isOne }) => isOne)
  return order.every((isOne, at) => at === 0 || isOne !== order[at - 1])
}

/** Refused as invalid, asked again unchanged more often than somebody would who reads what is wrong, and never answered so. */
export const ignoredError: Detector = ({ steps }) =>
  [...Map.groupBy(callsIn(steps), ({ step }) => `${step.name} ${aboutOf(step)} ${shapeOf(step.args)}`).values()]
    .filter((group) => group.length > 2 && group.every(({ step }) => step.failure === 'invalid'))
    .map((group) => ({ kinds: ['ignored_error'], steps: withThoughts(steps, group.slice(1)), instead: removed }))

/** After such a pause nothing is in a cache any more. */
const cachedForMs = 1500

/** The context grows, and nothing of it is read from the cache, again and again. */
export const cacheMiss: Detector = ({ steps }, usual) => {
  const chats = steps.flatMap((step, index) => (step.kind === 'model' ? [{ step, index }] : []))
  const missed = chats.filter(({ step }, at) => {
    const before = chats[at - 1]?.step
    const isForgotten = step.gap_ms > cachedForMs
    return (
      before !== undefined && !isForgotten && step.cached_tokens === 0 && contextOf(step) >= 0.9 * contextOf(before)
    )
  })
  if (missed.length < 2) return []
  const instead = (step: Step, index: number) => {
    const before = chats[chats.findIndex((chat) => chat.index === index) - 1]?.step
    const uncached_tokens = contextOf(step) - (before ? contextOf(before) + before.output_tokens : 0)
    const [now, then] = [usual.expected(step), usual.expected({ ...step, uncached_tokens })]
    return { ms: now && then ? (step.ms * then) / now : step.ms, gap_ms: step.gap_ms }
  }
  return [{ kinds: ['cache_miss'], steps: missed.map(({ index }) => index), instead }]
}

/** A chunk that was worked through before, and not read from a cache. */
export const duplicate: Detector = ({ steps }) => {
  const seen = new Set<string>()
  const again = steps.flatMap(({ kind, failure, isCached, args }, index) => {
    if (kind !== 'chunk' || failure !== null || isCached) return []
    if (seen.has(args)) return [index]
    seen.add(args)
    return []
  })
  return again.length > 0 ? [{ kinds: ['duplicate'], blames: 'agent', steps: again, instead: removed }] : []
}
