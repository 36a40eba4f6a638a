import { median } from 'findings/statistics'
import { fieldOf } from '../table/rows.ts'
import type { Step, Table } from '../table/table.ts'
import type { Detector, Found } from './detector.ts'
import type { Usual } from './usual.ts'

/** An attempt of a call that came when it came. */
interface Attempt {
  step: Step
  index: number
  /** The first of its call. */
  isFirst: boolean
  /** Refused for want of room, and not because a quota was used up: nobody said when to come again. */
  isRefused: boolean
  /** When the tool began with it, and how long it worked; absent where it refused. */
  begun_ms?: number
  served_ms?: number
}

/** Fewer refusals are none. */
const fewest = 4
/** So long around the first refusal it is looked for what came before it, ms. */
const around = { before: 2500, after: 500 }
/** What an overload costs its calls at least, as a share of what all calls take. */
const leastHarm = 0.12
const slowRule = 1.5
/** No tool does as few at a time by itself. */
const fewAtOnce = 3

/** A tool that refused what came: one agent had begun to send more, it did fewer at a time, or each took longer. */
export const overload: Detector = (table, usual) => {
  const attempts = attemptsOf(table)
  const names = new Set(attempts.map(({ step }) => step.name))
  const whole = sum([...extentsOf(attempts).values()].map(({ from, to }) => to - from))
  return [...names].flatMap((tool) => {
    const own = attempts.filter(({ step }) => step.name === tool)
    return isHarmed(own, whole, usual) ? (triggerOf(own, usual) ?? []) : []
  })
}

function attemptsOf({ steps }: Table): Attempt[] {
  const seen = new Set<string>()
  const told = new Set(steps.filter(({ asked_ms }) => asked_ms > 0).map(({ args }) => args))
  return steps
    .flatMap((step, index): Attempt[] => {
      if (step.kind !== 'tool') return []
      const isFirst = !seen.has(step.args) && !!seen.add(step.args)
      const isRefused = step.failure === 'limited' && !told.has(step.args)
      const served = Number(fieldOf(step.result, 'served_ms') ?? Number.NaN)
      if (step.failure !== null || Number.isNaN(served)) return [{ step, index, isFirst, isRefused }]
      const served_ms = Math.min(served, step.ms)
      return [{ step, index, isFirst, isRefused, served_ms, begun_ms: step.start_ms + step.ms - served_ms }]
    })
    .toSorted((a, b) => a.step.start_ms - b.step.start_ms)
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** From the first attempt of each call to its last, by its arguments. */
function extentsOf(attempts: readonly Attempt[]): Map<string, { from: number; to: number }> {
  const extents = new Map<string, { from: number; to: number }>()
  for (const { step } of attempts) {
    const { from, to } = extents.get(step.args) ?? { from: Infinity, to: -Infinity }
    extents.set(step.args, { from: Math.min(from, step.start_ms), to: Math.max(to, step.start_ms + step.ms) })
  }
  return extents
}

/** Whether calls of a tool took longer around its refusals than such calls do, by a share of all that calls take. */
function isHarmed(own: readonly Attempt[], whole: number, usual: Usual): boolean {
  const refused = own.filter(({ isRefused }) => isRefused)
  const [first, last] = [refused[0], refused.at(-1)]
  if (!first || !last || refused.length < fewest) return false
  const expected = new Map(own.map(({ step }) => [step.args, usual.expected(step) ?? 0]))
  const cost = [...extentsOf(own)]
    .filter(([, { from }]) => from > first.step.start_ms - around.before && from < last.step.start_ms + 1500)
    .map(([args, { from, to }]) => to - from - (expected.get(args) ?? 0))
  return sum(cost) >= leastHarm * whole
}

type Served = Attempt & Required<Pick<Attempt, 'begun_ms' | 'served_ms'>>
const isServed = (attempt: Attempt): attempt is Served => attempt.begun_ms !== undefined

/** What had changed before the first refusal, and one attempt or more that show it. */
function triggerOf(own: readonly Attempt[], usual: Usual): Found | undefined {
  const refused = own.filter(({ isRefused }) => isRefused)
  const onset = refused[0]?.step.start_ms ?? 0
  const last = refused.at(-1)?.step.start_ms ?? 0
  const served = own.filter(isServed)
  const during = served.filter(({ begun_ms }) => begun_ms > onset - around.after && begun_ms < last)
  const times = ({ step, served_ms }: Served) => served_ms / (usual.expected(step) ?? served_ms)
  if (during.length >= 3 && median(during.map(times)) > slowRule) {
    const slow = during.filter((each) => times(each) > slowRule && each.begun_ms > onset - 300)
    return found('slow_service', slow)
  }
  const busyAt = (time: number) =>
    served.filter(({ begun_ms, served_ms }) => begun_ms <= time && begun_ms + served_ms > time).length
  if (median(refused.slice(0, 12).map(({ step }) => busyAt(step.start_ms))) <= fewAtOnce)
    return found(
      'capacity_loss',
      nearest(during, ({ begun_ms }) => begun_ms, onset - 50),
    )
  const agent = riser(own, onset)
  const sent = served.filter(
    ({ step, isFirst }) =>
      isFirst && step.agent === agent && step.start_ms > onset - around.before && step.start_ms <= onset + 800,
  )
  return found(
    'surge',
    nearest(sent, ({ step }) => step.start_ms, onset - 100),
  )
}

/** The agent whose first attempts came so much more often around the first refusal than before. */
function riser(own: readonly Attempt[], onset: number): string | null {
  const begin = own[0]?.step.start_ms ?? 0
  const firsts = own.filter(({ isFirst }) => isFirst)
  const rises = [...Map.groupBy(firsts, ({ step }) => step.agent)].map(([agent, all]) => {
    const at = all.map(({ step }) => step.start_ms)
    const near = at.filter((time) => time > onset - around.before && time <= onset + around.after).length
    const before = at.filter((time) => time <= onset - around.before).length
    const rise = near / (around.before + around.after) - before / Math.max(1, onset - around.before - begin)
    return { agent, rise }
  })
  return rises.toSorted((a, b) => b.rise - a.rise)[0]?.agent ?? null
}

function nearest<Item>(items: readonly Item[], timeOf: (item: Item) => number, time: number): Item[] {
  return items.toSorted((a, b) => Math.abs(timeOf(a) - time) - Math.abs(timeOf(b) - time)).slice(0, 1)
}

const found = (kind: Found['kinds'][number], attempts: readonly Attempt[]): Found | undefined =>
  attempts.length === 0
    ? undefined
    : {
        kinds: [kind],
        steps: attempts.map(({ index }) => index),
        ...(kind === 'surge' && { blames: 'agent' }),
        instead: ({ ms, gap_ms }) => ({ ms, gap_ms }),
      }
