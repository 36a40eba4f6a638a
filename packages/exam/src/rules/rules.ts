import { median } from 'findings/statistics'
import { membersOf } from 'findings/answers'
import { shapeOf } from 'findings/arguments'
import { handedShare } from '../ceiling/handovers.ts'
import type { Step, Table } from '../table/table.ts'
import { earliestOf, isCall, isChat, isInARow, most, type Rule, sentOf, stuckOver } from './rule.ts'
import { sharperRules } from './sharper.ts'

const timesOf = (steps: readonly Step[]) => steps.map(({ ms }) => ms)

/** How many times the median of its tool in this run a step took. */
function ownRatio({ steps }: Table): (step: Step) => number {
  const medians = new Map(
    [...Map.groupBy(steps, ({ kind, name }) => `${kind} ${name}`)].map(([key, all]) => {
      const answered = all.filter(({ failure }) => failure === null)
      return [key, median(timesOf(answered.length > 0 ? answered : all))]
    }),
  )
  return ({ kind, name, ms }) => ms / Math.max(medians.get(`${kind} ${name}`) ?? 0, 1e-9)
}

const slowest: Rule = ({ steps }) => most(steps.filter(isCall), ({ ms }) => ms)

const overMedian =
  (times: number): Rule =>
  ({ steps }) => {
    const calls = steps.filter(isCall)
    const limit = times * median(timesOf(calls))
    return calls.filter(({ ms }) => ms > limit)
  }

const allOverOwn =
  (times: number): Rule =>
  (table) => {
    const ratio = ownRatio(table)
    return table.steps.filter((step) => isCall(step) && ratio(step) > times)
  }

const topOverOwn =
  (times: number): Rule =>
  (table) => {
    const ratio = ownRatio(table)
    return most(table.steps.filter(isCall), ratio).filter((step) => ratio(step) > times)
  }

/** Where a threshold is tuned on the very exam, a failure is no slow call. */
const answeredOnly =
  (rule: Rule): Rule =>
  ({ steps, ...table }) =>
    rule({ ...table, steps: steps.filter(({ failure }) => failure === null) })

const failures = ({ steps }: Table) => steps.filter(({ failure }) => failure !== null)
const refusals = ({ steps }: Table) => steps.filter(({ failure, asked_ms }) => failure === 'limited' && asked_ms === 0)
function repeats({ steps }: Table): Step[] {
  const seen = new Set<string>()
  return steps.filter(isCall).filter(({ name, args }) => {
    const key = `${name} ${args}`
    return seen.has(key) || !seen.add(key)
  })
}

/** Calls that were made more than so often: every one but the first. */
const repeatedOver =
  (times: number, isSameAnswer: boolean): Rule =>
  ({ steps }) => {
    const groups = Map.groupBy(steps.filter(isCall), ({ name, args, result }) =>
      isSameAnswer ? `${name} ${args} ${result}` : `${name} ${args}`,
    )
    return [...groups.values()].filter((group) => group.length > times).flatMap((group) => group.slice(1))
  }
const repetitions = [1, 2, 3, 4, 5, 6]

const isUnwritten = (between: readonly Step[]) => !between.some(({ isWrite }) => isWrite)
/** As often, where answers have sizes as well. */
const usualKb = 2
const isLarge = (_: readonly Step[], group: readonly Step[]) =>
  group.every(({ kb, failure }) => failure !== null || kb > 0.35 * usualKb)

/** The first call of the model that is sent more than this share of what it holds. */
const fullerThan =
  (share: number): Rule =>
  ({ steps }) =>
    steps.filter((step) => isChat(step) && sentOf(step) > share * step.window).slice(0, 1)

/** Calls of the model that are sent so many times what the one before was sent: the first, or (below 1) the first that is sent less. */
const changesBy =
  (times: number): Rule =>
  ({ steps }) =>
    steps
      .filter(isChat)
      .filter((step, index, chats) => {
        const before = chats[index - 1]
        const ratio = before ? sentOf(step) / sentOf(before) : 1
        return times < 1 ? ratio < times : ratio > times
      })
      .slice(0, 1)

/** What answers say of themselves, a rule for each way in which they may be wrong. */
const saysError = (says: Readonly<Record<string, unknown>>) => (says.error ?? null) !== null
const saysNothing = ({ count }: Readonly<Record<string, unknown>>) => count === 0
const saysLess = ({ count, total }: Readonly<Record<string, unknown>>) => Number(count) < Number(total)
const answers =
  (...ways: ((says: Readonly<Record<string, unknown>>) => boolean)[]): Rule =>
  ({ steps }) =>
    steps.filter(({ result }) => {
      const says = membersOf(result)
      return says !== undefined && ways.some((is) => is(says))
    })
const itemsOf = ({ result }: Step) => {
  const items = membersOf(result)?.items
  return Array.isArray(items) ? (items as { id: string; count: number }[]) : []
}

type Says = (says: Readonly<Record<string, unknown>>, step: Step, table: Table) => boolean
/** The last call about an id, where its answer is odd in one of these ways. */
const lastAnswers =
  (...ways: Says[]): Rule =>
  (table) => {
    const last = new Map(table.steps.filter(isCall).map((step) => [membersOf(step.args)?.id, step]))
    return [...last].flatMap(([id, step]) => {
      const says = membersOf(step.result)
      return id !== undefined && says && ways.some((is) => is(says, step, table)) ? [step] : []
    })
  }
const isFirstPage = ({ args }: Step) => (membersOf(args)?.cursor ?? null) === null
const failsEmpty: Says = (says) => saysError(says) && saysNothing(says)
const isShort: Says = (says, step) => saysLess(says) && isFirstPage(step)
const isFullPage: Says = ({ count, total }) => count === 20 && Number(total) > 20
const isGone: Says = (says, { args }, { steps }) => {
  const id = membersOf(args)?.id
  return saysNothing(says) && steps.some((other) => itemsOf(other).some((item) => item.id === id && item.count > 0))
}

/** Calls that were refused, and that are like none that was answered in the same trace, or about what nobody has named. */
const oddCalls =
  (...ways: ((step: Step, answered: readonly Step[], said: string) => boolean)[]): Rule =>
  ({ steps }) => {
    const answered = steps.filter((step) => isCall(step) && step.failure === null)
    let said = ''
    return steps.filter((step) => {
      const isOdd = isCall(step) && ways.some((is) => is(step, answered, said))
      said += ` ${isChat(step) ? step.args : step.result}`
      return isOdd
    })
  }
const isRefused = ({ failure }: Step) => failure === 'invalid'
const isStranger = ({ name }: Step, answered: readonly Step[]) => !answered.some((other) => other.name === name)
const isUnlike = ({ args }: Step, answered: readonly Step[]) =>
  !answered.some((other) => shapeOf(other.args) === shapeOf(args))
const isUnsaid = ({ args }: Step, said: string) => {
  const id = membersOf(args)?.id
  return typeof id === 'string' && !said.includes(id)
}

const isHandOver = ({ kind }: Step) => kind === 'handover'
const handOvers =
  (is: (step: Step, steps: readonly Step[]) => boolean): Rule =>
  ({ steps }) =>
    steps.filter((step) => isHandOver(step) && is(step, steps))
const isBelow = ({ handed }: Step) => handed?.reach === 'below'
/** All but the first of those that are alike. */
const handedAgain =
  (alike: (step: Step) => string, times = 1): Rule =>
  ({ steps }) =>
    [...Map.groupBy(steps.filter(isHandOver), alike).values()]
      .filter((group) => group.length > times)
      .flatMap((group) => group.slice(1))
/** An agent that took over asks what was asked before, and may hear the same. */
const asksAgain = (step: Step, steps: readonly Step[], isSame = (_call: Step, _other: Step) => true) =>
  steps.some(
    (call) =>
      isCall(call) &&
      call.agent === step.name &&
      call.start_ms > step.start_ms &&
      steps.some(
        (other) =>
          other.start_ms < step.start_ms && other.name === call.name && other.args === call.args && isSame(call, other),
      ),
  )
const hearsTheSame = (call: Step, other: Step) => call.result === other.result
const handsLess = (step: Step, steps: readonly Step[]) => handedShare(steps, step) < 0.9
const askedMs = ({ args }: Step) => 1000 * Number(membersOf(args)?.after_s ?? 0)
const lateMs = [1000, 2000, 3000, 5000, 10_000, 20_000]

const tokensOf = (step: Step) => step.uncached_tokens + step.cached_tokens + step.output_tokens
const thresholds = [2, 4, 5, 6, 8, 10, 14]

/** By name. Those with a number in their name are a rule each for somebody who tunes it on the very exam. */
export const rules: Readonly<Record<string, Rule>> = {
  nothing: () => [],
  'all-calls': ({ steps }) => steps.filter(isCall),
  'all-waits': ({ steps }) => steps.filter(({ kind }) => kind === 'wait'),
  slowest,
  'over-2-median': overMedian(2),
  'over-3-median': overMedian(3),
  'over-3-own': allOverOwn(3),
  'over-8-mad': ({ steps }) => {
    const calls = steps.filter(isCall)
    const middle = median(timesOf(calls))
    const spread = median(calls.map(({ ms }) => Math.abs(ms - middle)))
    return calls.filter(({ ms }) => ms > middle + 8 * spread)
  },
  'top-over-3-own': topOverOwn(3),
  'first-error': (table) => earliestOf(failures(table)),
  'last-error': (table) => most(failures(table), ({ start_ms }) => start_ms),
  'all-errors': failures,
  'self-time': ({ steps }) => most(steps, ({ ms, gap_ms }) => Math.max(ms, gap_ms)),
  'longest-gap': ({ steps }) => most(steps, ({ gap_ms }) => gap_ms),
  repeats,
  'most-tokens': ({ steps }) =>
    steps.some((step) => tokensOf(step) > 0) ? most(steps, tokensOf) : most(steps, ({ kb }) => kb),
  'most-answered': ({ steps }) => most(steps.filter(isCall), ({ kb }) => kb),
  'cut-answers': ({ steps }) => steps.filter(({ isCut }) => isCut),
  uncached: ({ steps }) =>
    steps.filter((step, index) => index > 0 && isChat(step) && step.cached_tokens === 0 && sentOf(step) > 0),
  'uncached-and-grown': ({ steps }) => {
    const chats = steps.filter(isChat)
    return chats.filter((step, index) => {
      const before = chats[index - 1]
      return before !== undefined && step.cached_tokens === 0 && sentOf(step) > sentOf(before)
    })
  },
  ...Object.fromEntries([0.6, 0.7, 0.8, 0.9, 0.95].map((share) => [`fuller-than-${share}`, fullerThan(share)])),
  ...Object.fromEntries([0.5, 0.8, 0.95, 1.5, 2].map((times) => [`sent-${times}-of-before`, changesBy(times)])),
  'slowest-chunk': ({ steps }) => {
    const chunks = steps.filter(({ kind }) => kind === 'chunk')
    return most(chunks.length > 0 ? chunks : steps.filter(({ kind }) => kind === 'model'), ({ ms }) => ms)
  },
  'body-errors': answers(saysError),
  'empty-answers': answers(saysNothing),
  'partial-answers': answers(saysLess),
  'odd-answers': answers(saysError, saysNothing, saysLess),
  'last-answers-odd': lastAnswers(failsEmpty, isShort),
  'last-answers-odd-or-gone': lastAnswers(failsEmpty, isShort, isGone),
  'last-answers-full': lastAnswers(failsEmpty, isFullPage),
  'last-answers-any': lastAnswers(saysError, isShort, isGone),
  'refused-unlike-answered': oddCalls(
    (step, answered) => isRefused(step) && (isStranger(step, answered) || isUnlike(step, answered)),
  ),
  'stranger-or-unsaid': oddCalls((step, answered, said) => isStranger(step, answered) || isUnsaid(step, said)),
  'nothing-below': handOvers((step) => !isBelow(step)),
  'first-with-nothing-below': ({ steps }) => earliestOf(steps.filter((step) => isHandOver(step) && !isBelow(step))),
  'orphaned-roots': handOvers(({ handed }) => handed?.reach === 'orphan'),
  'slowest-hand-over': ({ steps }) => most(steps.filter(isHandOver), ({ handed }) => handed?.ms ?? 0),
  'longest-to-accept': ({ steps }) =>
    most(
      steps.filter((step) => isHandOver(step) && isBelow(step)),
      ({ ms }) => ms,
    ),
  ...Object.fromEntries(
    lateMs.flatMap((limit) => [
      [`accepts-after-${limit}-ms`, handOvers((step) => isBelow(step) && step.ms > limit)],
      [`accepts-after-${limit}-ms-unasked`, handOvers((step) => isBelow(step) && step.ms - askedMs(step) > limit)],
    ]),
  ),
  'handed-to-the-same': handedAgain(({ name }) => name),
  'handed-the-same': handedAgain(({ args }) => args),
  'handed-the-same-over-2-times': handedAgain(({ args }) => args, 2),
  'handed-the-same-answered-the-same': handedAgain(({ args, result }) => `${args} ${result}`),
  'handed-less': handOvers(handsLess),
  'handed-half': handOvers((step, steps) => handedShare(steps, step) < 0.5),
  'asks-again': handOvers((step, steps) => asksAgain(step, steps)),
  'asks-again-answered-the-same': handOvers((step, steps) => asksAgain(step, steps, hearsTheSame)),
  'handed-less-and-asks-again': handOvers((step, steps) => handsLess(step, steps) && asksAgain(step, steps)),
  'handed-less-and-asks-again-answered-the-same': handOvers(
    (step, steps) => handsLess(step, steps) && asksAgain(step, steps, hearsTheSame),
  ),
  'first-refusal': (table) => earliestOf(refusals(table)),
  ...Object.fromEntries(
    thresholds.flatMap((times) => [
      [`all-over-${times}-own`, answeredOnly(allOverOwn(times))],
      [`top-over-${times}-own`, answeredOnly(topOverOwn(times))],
    ]),
  ),
  ...Object.fromEntries(
    repetitions.flatMap((times) => [
      [`made-over-${times}-times`, repeatedOver(times, false)],
      [`answered-the-same-over-${times}-times`, repeatedOver(times, true)],
      [`stuck-over-${times}-times`, stuckOver(times, () => true)],
      [`stuck-unwritten-over-${times}-times`, stuckOver(times, isUnwritten)],
      [`stuck-in-a-row-over-${times}-times`, stuckOver(times, isInARow)],
      [`stuck-and-large-over-${times}-times`, stuckOver(times, isLarge)],
    ]),
  ),
  ...sharperRules,
}

/** A rule that looks at when all traces of an exam begin, and at nothing else but the slowest call. */
export type CrowdRule = (tables: readonly Table[]) => Rule

const beginOf = ({ steps }: Table) => Math.min(...steps.map(({ start_ms }) => start_ms))

/** The shortest while in which this share of all traces begins is called the incident. */
const crowdOf =
  (share: number): CrowdRule =>
  (tables) => {
    const begins = tables.map(beginOf).toSorted((a, b) => a - b)
    const more = Math.ceil(share * begins.length) - 1
    const whiles = begins
      .slice(0, begins.length - more)
      .map((from, index) => ({ from, to: begins[index + more] ?? from }))
    const { from, to } = whiles.reduce((best, each) => (each.to - each.from < best.to - best.from ? each : best))
    return (table) => (beginOf(table) >= from && beginOf(table) <= to ? slowest(table) : [])
  }

/** By name. */
export const crowdRules: Readonly<Record<string, CrowdRule>> = {
  'begins-with-a-third': crowdOf(1 / 3),
  'begins-with-half': crowdOf(1 / 2),
}

/** All of them. */
export const ruleNames: readonly string[] = [...Object.keys(rules), ...Object.keys(crowdRules)]
