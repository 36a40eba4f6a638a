import { median } from 'findings/statistics'
import { type Attempt, attemptsOf, busyAt, extentsOf, isServed, type Served } from './attempts.ts'
import type { Detector, Found } from './detector.ts'
import { shortWhile, slowWhile, surgeWhile, type While } from './overload-window.ts'
import type { Usual } from './usual.ts'

/** Fewer refusals are none. */
const fewest = 4
/** So long before the first refusal more had begun to come, and so long after it that goes on at least, ms. */
const around = { before: 2500, after: 500 }
/** What an overload costs its calls at least, as a share of what all calls take. */
const leastHarm = 0.09
const slowRule = 1.5
/** So many slow calls in a row are no chance. */
const fewestSlow = 3
/** No tool does as few at a time by itself. */
const fewAtOnce = 3

/** A tool that refused what came: one agent had begun to send more, it did fewer at a time, or each took longer. */
export const overload: Detector = (table, usual) => {
  const attempts = attemptsOf(table)
  const names = new Set(attempts.map(({ step }) => step.name))
  const usually = sum(attempts.filter(({ isFirst }) => isFirst).map(({ step }) => usual.expected(step) ?? 0))
  return [...names].flatMap((tool) => {
    const own = attempts.filter(({ step }) => step.name === tool)
    const found = triggerOf(own, usual)
    return found && (found.savedMs ?? 0) >= leastHarm * usually ? found : []
  })
}

const sum = (values: Iterable<number>) => Iterator.from(values).reduce((total, value) => total + value, 0)

/** What had changed before the first refusal, and one attempt or more that show it. */
function triggerOf(own: readonly Attempt[], usual: Usual): Found | undefined {
  const refused = own.filter(({ isRefused }) => isRefused)
  const onset = refused[0]?.step.start_ms ?? 0
  if (refused.length < fewest) return undefined
  const served = own.filter(isServed)
  const isSlow = ({ step, served_ms }: Served) => served_ms > slowRule * (usual.expected(step) ?? served_ms)
  const slow = slowWhile(served, isSlow)
  if (slow.net >= fewestSlow)
    return found(
      'slow_service',
      served.filter((one) => isSlow(one) && isIn(slow, one.begun_ms)),
      slow,
      costIn(own, slow, usual),
    )
  if (median(refused.slice(0, 12).map(({ step }) => busyAt(served, step.start_ms))) <= fewAtOnce) {
    const window = shortWhile(own, { onset, most: fewAtOnce - 1 })
    const until = { from_ms: window.from_ms, to_ms: onset + around.after }
    const since = served.filter(({ begun_ms }) => isIn(until, begun_ms))
    return found(
      'capacity_loss',
      nearest(since.length > 0 ? since : served, ({ begun_ms }) => begun_ms, onset - 50),
      window,
      costIn(own, window, usual),
    )
  }
  const agent = riser(own, onset)
  const firsts = own.filter(({ step, isFirst }) => isFirst && step.agent === agent)
  const window = surgeWhile(
    firsts.map(({ step }) => step.start_ms),
    extentOf(own),
  )
  const sent = firsts.filter((one) => isServed(one) && isIn(window, one.step.start_ms))
  return found(
    'surge',
    nearest(sent, ({ step }) => step.start_ms, onset - 100),
    window,
    costIn(own, window, usual, agent),
  )
}

const isIn = ({ from_ms, to_ms }: While, time: number) => time >= from_ms && time <= to_ms

const extentOf = (own: readonly Attempt[]): While => ({
  from_ms: own[0]?.step.start_ms ?? 0,
  to_ms: own.at(-1)?.step.start_ms ?? 0,
})

/** What calls took longer that came from then until all that had been refused was over; of who sent more, his usual ones. */
function costIn(own: readonly Attempt[], window: While, usual: Usual, surging?: string | null): number {
  const refused = new Set(own.filter(({ isRefused }) => isRefused).map(({ step }) => step.args))
  const costs = costsOf(own, usual)
  const overMs = Math.max(window.to_ms, ...costs.filter(({ args }) => refused.has(args)).map(({ to }) => to))
  const struck = costs.filter(({ from }) => isIn({ from_ms: window.from_ms, to_ms: overMs }, from))
  const isOfSurge = ({ agent, from }: Cost) => agent === surging && isIn(window, from)
  const extent = extentOf(own)
  const [length, rest] = [window.to_ms - window.from_ms, Math.max(1, extent.to_ms - extent.from_ms)]
  const meanwhile = costs.filter(isOfSurge).length
  const usually =
    (costs.filter(({ agent }) => agent === surging).length - meanwhile) * (length / Math.max(1, rest - length))
  const share = Math.min(1, usually / Math.max(1, meanwhile))
  return sum(struck.map((call) => call.ms * (isOfSurge(call) ? share : 1)))
}

type Cost = ReturnType<typeof costsOf>[number]

/** How much longer each call took than such a call does, ms, and when and by whom it was made first. */
function costsOf(own: readonly Attempt[], usual: Usual) {
  const expected = new Map(own.map(({ step }) => [step.args, usual.expected(step)]))
  const common = median([...expected.values()].filter((ms) => ms !== undefined))
  const agents = new Map(own.map(({ step }) => [step.args, step.agent]))
  // Who was told to wait waits by itself.
  return [...extentsOf(own.filter(({ isTold }) => !isTold))].map(([args, { from, to }]) => ({
    args,
    from,
    agent: agents.get(args),
    to,
    // What nobody answered would have taken what others take.
    ms: to - from - (expected.get(args) ?? common),
  }))
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

const found = (
  kind: Found['kinds'][number],
  attempts: readonly Attempt[],
  window: While,
  savedMs: number,
): Found | undefined =>
  attempts.length === 0
    ? undefined
    : {
        kinds: [kind],
        steps: attempts.map(({ index }) => index),
        ...(kind === 'surge' && { blames: 'agent' }),
        instead: ({ ms, gap_ms }) => ({ ms, gap_ms }),
        window,
        savedMs,
      }
