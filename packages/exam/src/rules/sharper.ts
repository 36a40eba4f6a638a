import { membersOf } from 'findings/answers'
import { median } from 'findings/statistics'
import { fieldOf } from '../table/rows.ts'
import type { Step, Table } from '../table/table.ts'
import { earliestOf, isAnswered, isCall, isChat, isInARow, type Rule, sentOf, stuckOver } from './rule.ts'
import { streamRules } from './streamed.ts'

/** Rules of somebody who has read what decoys there are: with an exception or two built in, or for what a size explains. */

const idOf = ({ args }: Step) => membersOf(args)?.id

/** Calls that take so many times the median of their tool in this run, sizes (and depths) taken out as of a tool of middling sort. */
const oversized =
  (times: number, isDeep: boolean): Rule =>
  ({ steps }) => {
    const answered = steps
      .filter(isAnswered)
      .map((step) => ({ step, ms: step.ms / (sizeOf(step) * (isDeep ? depthOf(step) : 1)) }))
    const usual = new Map(
      [...Map.groupBy(answered, ({ step }) => step.name)].map(([name, all]) => [name, median(all.map(({ ms }) => ms))]),
    )
    return answered.filter(({ step, ms }) => ms > times * (usual.get(step.name) ?? Infinity)).map(({ step }) => step)
  }
const sizeOf = ({ kind, kb }: Step) => (kind === 'chunk' ? 1 + kb : 0.35 + 0.65 * (kb / 2))
const depthOf = ({ kind, kb, output_tokens, args }: Step) =>
  0.5 + 0.5 * (kind === 'chunk' ? output_tokens / kb / 180 : Number(fieldOf(args, 'depth') ?? 20) / 20)

/** All that failed of tools of which more than this share of calls failed at first. */
const worstTool =
  (share: number, isToo: (again: Step | undefined) => boolean): Rule =>
  ({ steps }) => {
    const byCall = Map.groupBy(
      steps.filter(({ kind }) => kind === 'tool'),
      ({ name, args }) => `${name} ${args}`,
    )
    const calls = [...byCall.values()] as [Step, ...Step[]][]
    const isFailing = ([first, again]: [Step, ...Step[]]) => first.failure === 'unavailable' && isToo(again)
    return [...Map.groupBy(calls, ([{ name }]) => name).values()]
      .filter((own) => own.length > 4 && own.filter(isFailing).length > share * own.length)
      .flatMap((own) => own.flat().filter(({ failure }) => failure === 'unavailable'))
  }

const gapsOver =
  (ms: number, is: (before: Step | undefined) => boolean = () => true): Rule =>
  ({ steps }) =>
    steps.filter(({ gap_ms, asked_ms }, index) => gap_ms > ms && asked_ms < gap_ms / 2 && is(steps[index - 1]))

const answeredIn = (steps: readonly Step[]) => new Set(steps.filter(isAnswered).map(({ args }) => args))
const neverAnswered: Rule = ({ steps }) => {
  const answered = answeredIn(steps)
  return steps.filter((step) => isCall(step) && step.failure !== null && !answered.has(step.args))
}

/** Refused as invalid more than twice, by what is the same of them. */
const refusedAgain =
  (sameOf: (step: Step) => unknown, isUnanswered = false): Rule =>
  ({ steps }) => {
    const answered = isUnanswered ? answeredIn(steps) : new Set()
    const refused = steps.filter(({ failure, args }) => failure === 'invalid' && !answered.has(args))
    return [...Map.groupBy(refused, sameOf).values()].filter((group) => group.length > 2).flat()
  }

/** Odd answers whose version a later call builds on. */
const usedAnswers =
  (...ways: ((says: Readonly<Record<string, unknown>>, step: Step) => boolean)[]): Rule =>
  ({ steps }) => {
    const given = steps.map(({ args }) => args).join('\n')
    return steps.filter((step) => {
      const says = membersOf(step.result)
      return typeof says?.version === 'string' && given.includes(says.version) && ways.some((is) => is(says, step))
    })
  }
const isError = ({ error }: Readonly<Record<string, unknown>>, { args }: Step) =>
  (error ?? null) !== null && fieldOf(args, 'field') !== 'error'
const isPartial = ({ count, total, cursor }: Readonly<Record<string, unknown>>, { args }: Step) =>
  Number(count) < Number(total) && cursor === undefined && fieldOf(args, 'cursor') === undefined

/** Calls about an id that stands in no earlier text. */
const unsaid: Rule = ({ steps }) => {
  let said = ''
  return steps.filter((step) => {
    const id = isCall(step) ? idOf(step) : undefined
    const isUnsaid = typeof id === 'string' && !said.includes(id)
    said += ` ${isChat(step) ? step.args : step.result}`
    return isUnsaid
  })
}

/** Calls of the model beside the one before them, and what was answered between. */
const sent =
  (is: (chat: Step, before: Step, between: readonly Step[]) => boolean): Rule =>
  ({ steps }) => {
    const chats = steps.filter(isChat)
    return chats.filter((chat, index) => {
      const before = chats[index - 1]
      return before !== undefined && is(chat, before, steps.slice(steps.indexOf(before), steps.indexOf(chat)))
    })
  }
const isLess = (chat: Step, before: Step) => chat.cached_tokens === 0 && sentOf(chat) < sentOf(before)
const bytesPerToken = 1.25

const isUnasked = (_: readonly Step[], group: readonly Step[]) => group.slice(1).every(({ asked_ms }) => asked_ms === 0)
const chatsOf = (group: readonly Step[], { steps }: Table) =>
  steps.slice(steps.indexOf(group[0] as Step), steps.indexOf(group.at(-1) as Step)).filter(isChat)
const isUncut = (group: readonly Step[], table: Table) =>
  chatsOf(group, table).every((chat, index, chats) => index === 0 || sentOf(chat) >= sentOf(chats[index - 1] as Step))
const isUntold = (group: readonly Step[], table: Table) => chatsOf(group, table).every(({ args }) => args === '')
const stuckUnasked = (isToo: (group: readonly Step[], table: Table) => boolean = () => true) =>
  stuckOver(2, (between, group, table) => isInARow(between, group) && isUnasked(between, group) && isToo(group, table))

/** By name. */
export const sharperRules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    [2.5, 4, 6, 8].flatMap((times) => [
      [`over-${times}-sized`, oversized(times, false)],
      [`over-${times}-sized-and-deep`, oversized(times, true)],
    ]),
  ),
  'worst-tool': worstTool(0.3, () => true),
  'worst-tool-unasked': worstTool(0.3, (again) => !again || again.asked_ms === 0),
  ...Object.fromEntries([500, 2000, 3500, 5000].map((ms) => [`gaps-unasked-over-${ms}-ms`, gapsOver(ms)])),
  'gaps-unasked-after-a-wait': gapsOver(5000, (before) => before?.kind === 'wait'),
  'never-answered': neverAnswered,
  'refused-over-2-times': refusedAgain(({ args }) => args),
  'refused-over-2-times-unanswered': refusedAgain(({ args }) => args, true),
  'refused-about-one-over-2-times': refusedAgain(idOf),
  'used-errors': usedAnswers(isError),
  'used-partial': usedAnswers(isPartial),
  'used-partial-unlimited': usedAnswers(
    (says, step) => isPartial(says, step) && fieldOf(step.args, 'limit') === undefined,
  ),
  'used-errors-or-partial': usedAnswers(isError, isPartial),
  unsaid,
  'first-unsaid': (table) => earliestOf(unsaid(table)),
  'uncached-and-grown-unpaused': sent(
    (chat, before) => chat.cached_tokens === 0 && sentOf(chat) > sentOf(before) && chat.gap_ms < 1500,
  ),
  'cut-after-large': sent((chat, before, between) => isLess(chat, before) && between.some(({ kb }) => kb > 9)),
  'cut-after-too-much': sent(
    (chat, before, between) =>
      isLess(chat, before) &&
      sentOf(before) + between.reduce((sum, { kb }) => sum + kb, 0) * (1024 / bytesPerToken) > chat.window,
  ),
  'slow-for-its-tokens': ({ steps }) =>
    steps.filter((step) => isChat(step) && step.ms > 2 * (400 + 12 * step.output_tokens + 0.05 * step.uncached_tokens)),
  'stuck-in-a-row-unasked': stuckUnasked(),
  'stuck-in-a-row-unasked-uncut': stuckUnasked(isUncut),
  'stuck-in-a-row-unasked-untold': stuckUnasked(isUntold),
  ...streamRules,
}
