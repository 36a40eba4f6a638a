import { Random } from 'contract/random'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../../test/support/simulated.ts'
import { drawsOf } from '../../src/draws.ts'
import { keyOf } from '../../src/key/key.ts'
import { handoffLevels } from '../../src/levels/handoff.ts'
import { drawScript } from '../../src/levels/judge.ts'
import { scriptOf } from '../../src/levels/level.ts'
import { numbersOf } from '../../src/levels/numbers.ts'
import { scheduleOf } from '../../src/levels/schedule.ts'
import { type CallStep, type ChatStep, handOversOf, type Script, type ScriptStep } from '../../src/levels/script.ts'
import { worldOf } from '../../src/levels/world.ts'

const levels = [2, 3, 4] as const
const checkpointMs = 12.5

function drawn(level: 2 | 3 | 4, seed: string, isFaulty = true): Script {
  const random = new Random(seed)
  const given = { world: worldOf('a world'), numbers: numbersOf[level], random, kinds: random.identifier('kinds', 32) }
  return drawScript((again) => handoffLevels.draft(again, {}), { ...given, isFaulty })
}
const scripts = (level: 2 | 3 | 4, isFaulty = true, count = 40) =>
  Array.from({ length: count }, (_, index) => drawn(level, `seed ${index}`, isFaulty))

/** All steps, those of agents that took over as well. */
const stepsOf = (script: Script): ScriptStep[] => [
  ...script.jobs.flatMap(({ steps }) => steps),
  ...handOversOf(script).flatMap(({ steps }) => steps),
]
const answersOf = (steps: readonly ScriptStep[]) =>
  steps
    .filter((step): step is CallStep => step.kind === 'call')
    .map(({ tool, arguments: given, result }) => `${tool} ${given} ${result}`)
const firstChat = (steps: readonly ScriptStep[]) => steps.find((step): step is ChatStep => step.kind === 'chat')
/** What a chat is sent, with every fault and without any. */
const sentOf = (chat: ChatStep | undefined) => [chat?.inputTokens.value ?? 0, chat?.inputTokens.base ?? 0] as const

/** The hand-overs that a fault or a decoy of this kind names, in each script that has one. */
const named = (kind: string, all: readonly Script[]) =>
  all.flatMap((script) =>
    [...script.faults, ...script.decoys]
      .filter((each) => each.kind === kind)
      .map((each) => ({ script, each, calls: handOversOf(script).filter(({ key }) => each.steps.includes(key)) })),
  )

describe.each(levels)('level %i', (level) => {
  it('names every step once, and faults and decoys name steps that there are', () => {
    for (const script of [...scripts(level, true, 10), ...scripts(level, false, 10)]) {
      const keys = stepsOf(script).map(({ key }) => key)
      expect(new Set(keys).size).toBe(keys.length)
      for (const { steps } of [...script.faults, ...script.decoys]) for (const key of steps) expect(keys).toContain(key)
    }
  })

  it('is played as it was judged, by the one that hands over and by those that take over', async () => {
    for (const faults of ['own', 'off'])
      for (const seed of ['a', 'b']) {
        const { run, result } = await simulate('handoff', { level, seed, control: 'false', faults })
        const script = scriptOf({ random: drawsOf(seed, 'handoff'), worldSeed: 'world' }, handoffLevels, run.params)
        const out = new Set(faults === 'off' ? script.faults.map(({ id }) => id) : [])
        const workflow = run.ledger.steps.find(({ key }) => key === 'workflow')
        expect((workflow?.duration_ms ?? 0) - checkpointMs).toBeCloseTo(scheduleOf(script, out).totalMs, 1)
        expect(result.ok).toBe(true)
        const elsewhere = run.ledger.steps.filter(({ handed_over: taken }) => taken?.in_trace === false)
        const isElsewhere = ({ isLinked, severedBy }: ReturnType<typeof handOversOf>[number]) =>
          isLinked === true || (severedBy !== undefined && !out.has(severedBy))
        expect(elsewhere.map(({ key }) => key).toSorted()).toEqual(
          handOversOf(script)
            .filter(isElsewhere)
            .map(({ key }) => key)
            .toSorted(),
        )
      }
  })

  it('has a key that requires what was planted, and nothing of a control', async () => {
    for (const seed of ['a', 'b']) {
      const key = await keyOf((await simulate('handoff', { level, seed, control: 'false' })).run)
      expect(key.faults.length).toBeGreaterThan(0)
      expect(key.faults.filter(({ standing }) => standing !== 'required')).toEqual([])
      const control = await keyOf((await simulate('handoff', { level, seed, control: 'true' })).run)
      expect([control.verdict, control.faults]).toEqual(['healthy', []])
    }
  })
})

it('declares as many agents at work at once as there may be', () => {
  const { callsAtOnce } = handoffLevels.demand({})
  let most = 0
  for (const script of levels.flatMap((level) => scripts(level))) {
    const { jobs } = scheduleOf(script, new Set())
    const handing = jobs.filter((_, index) => script.jobs[index]?.steps.some(({ kind }) => kind === 'hand_over'))
    for (const { startMs } of handing)
      most = Math.max(most, handing.filter((job) => job.startMs <= startMs && job.endMs > startMs).length)
  }
  expect(most).toBe(callsAtOnce)
})

describe('level 3', () => {
  const faulty = scripts(3)
  const controls = scripts(3, false)

  it('severs a call; its twin is a trace of its own that links to the call', () => {
    const severed = named('severed', faulty)
    expect(severed.length).toBeGreaterThan(3)
    for (const { each, calls } of severed) expect(calls.map(({ severedBy }) => severedBy)).toEqual([each.id])
    const linked = named('linked', controls)
    expect(linked.length).toBeGreaterThan(20)
    for (const { calls } of linked) expect(calls.map(({ isLinked }) => isLinked)).toEqual([true])
  })

  it('hands over less than is known, which is asked again to the same answers; of a summary to other ones', () => {
    const dropped = named('dropped', faulty)
    expect(dropped.length).toBeGreaterThan(3)
    for (const { script, calls } of dropped)
      for (const { steps } of calls) {
        const [sent, whole] = sentOf(firstChat(steps))
        expect(sent).toBeLessThan(0.6 * whole)
        const own = new Set(answersOf(steps))
        const others = answersOf(stepsOf(script).filter((step) => !steps.includes(step)))
        expect(others.filter((answer) => own.has(answer)).length).toBeGreaterThanOrEqual(2)
      }
    const brief = named('brief', controls)
    expect(brief.length).toBeGreaterThan(20)
    for (const { script, calls } of brief)
      for (const { steps } of calls) {
        const all = stepsOf(script)
        const before = new Set(answersOf(all.slice(0, 12)))
        expect(answersOf(steps).filter((answer) => before.has(answer))).toEqual([])
      }
  })

  it('goes back and forth with one answer; its twin hears something new each time', () => {
    const bounced = named('bounce', faulty)
    expect(bounced.length).toBeGreaterThan(3)
    for (const { calls } of bounced) {
      expect(calls.length).toBeGreaterThanOrEqual(3)
      expect(new Set(calls.map(({ to, message, result }) => `${to} ${message} ${result}`)).size).toBe(1)
      expect(new Set(calls.map(({ steps }) => answersOf(steps).join())).size).toBe(1)
    }
    const returned = named('returned', controls)
    expect(returned.length).toBeGreaterThan(20)
    for (const { calls } of returned) {
      expect(new Set(calls.map(({ to, message }) => `${to} ${message}`)).size).toBe(1)
      expect(new Set(calls.map(({ result }) => result)).size).toBe(calls.length)
    }
  })

  it('begins late; its twin was asked to, and what nobody waits for costs nothing', () => {
    const late = named('accept_lag', faulty)
    expect(late.length).toBeGreaterThan(3)
    for (const { calls } of late)
      for (const { acceptMs, afterS } of calls) {
        expect(acceptMs.value - acceptMs.base).toBeGreaterThan(4000)
        expect(afterS).toBeUndefined()
      }
    for (const { calls } of named('begin later', controls))
      for (const { acceptMs, afterS = 0 } of calls) expect(acceptMs.value - afterS * 1000).toBeLessThan(1001)
    const alone = named('slack', [...faulty, ...controls])
    expect(alone.length).toBeGreaterThan(40)
    for (const { script, each } of alone) {
      const saved = scheduleOf(script, new Set()).totalMs - scheduleOf(script, new Set([each.id])).totalMs
      expect(saved).toBeLessThan(0.01 * scheduleOf(script, new Set()).totalMs)
    }
  })
})

it('at level 4 a severed call has one beside it at the same time, to the same agent, that links on purpose', () => {
  const severed = named('severed', scripts(4))
  expect(severed.length).toBeGreaterThan(10)
  for (const { script, calls } of severed)
    for (const call of calls) {
      const job = script.jobs.findIndex(({ steps }) => steps.includes(call))
      const after = script.jobs[job]?.after
      const beside = script.jobs.filter((other, index) => index !== job && other.after === after)
      expect(beside.flatMap(({ steps }) => steps)).toMatchObject([{ to: call.to, isLinked: true }])
    }
})
