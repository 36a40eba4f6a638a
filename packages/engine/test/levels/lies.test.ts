import { Random } from 'contract/random'
import { flawedAnswers } from 'findings/answers'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../../test/support/simulated.ts'
import { keyOf } from '../../src/key/key.ts'
import { drawScript } from '../../src/levels/judge.ts'
import { numbersOf } from '../../src/levels/numbers.ts'
import { attemptsOf, stepsOf } from '../../src/levels/schedule.ts'
import type { CallStep, Out, Script } from '../../src/levels/script.ts'
import { worldOf } from '../../src/levels/world.ts'
import { scenarioOf } from '../../src/scenarios/index.ts'

type Name = 'silent' | 'hallucination'
const none: Out = new Set()

function scriptsOf(name: Name, level: 2 | 3 | 4, isFaulty: boolean, count = 60): Script[] {
  const { levels } = scenarioOf[name]
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(`seed ${index}`)
    const drawn = { world: worldOf('a world'), numbers: numbersOf[level], random, isFaulty }
    const again = { ...drawn, kinds: random.identifier('kinds', 32) }
    return drawScript((each) => (levels as NonNullable<typeof levels>).draft(each, {}), again)
  })
}

/** The calls that happen, each with what it was given and what came of it. */
const callsOf = ({ jobs }: Script, out: Out) =>
  jobs.flatMap(({ steps }) =>
    stepsOf(steps, out).flatMap((step) => {
      if (step.kind !== 'call') return []
      const { attempt } = attemptsOf(step, out).at(-1) as { attempt: CallStep['attempts'][number] }
      const { key, tool, arguments: given } = step
      const result = attempt.status === 200 ? (attempt.result ?? step.result) : undefined
      return { key, tool, arguments: given, status: attempt.status, result }
    }),
  )
const everyFault = ({ faults }: Script) => new Set(faults.map(({ id }) => id))
const given = (call: { arguments: string }) => JSON.parse(call.arguments) as Record<string, unknown>
const decoysIn = (scripts: readonly Script[], kind: string) =>
  scripts.flatMap(({ decoys }) => decoys.filter((decoy) => decoy.kind === kind))

describe('silent', () => {
  const [faulty, controls] = [scriptsOf('silent', 3, true), scriptsOf('silent', 3, false)]
  const flawedKeys = (script: Script, out: Out) => {
    const calls = callsOf(script, out)
    return [...flawedAnswers(calls).keys()].map((index) => calls[index]?.key as string)
  }
  const wrong = ['body_error', 'truncated', 'wrong_empty']

  it('has answers that are wrong, that look so, and on which a later question builds', () => {
    let planted = 0
    for (const script of faulty) {
      const calls = callsOf(script, none)
      const used = new Set(calls.flatMap((call) => (given(call).given as string[] | undefined) ?? []))
      const flawed = new Set(flawedKeys(script, none))
      for (const { steps } of script.faults.filter(({ kind }) => wrong.includes(kind))) {
        const [key] = steps as [string]
        const call = calls.find((each) => each.key === key)
        expect(flawed).toContain(key)
        expect(used).toContain((JSON.parse(call?.result ?? '') as { version: string }).version)
        expect(steps.length).toBeGreaterThan(1)
        planted++
      }
    }
    expect(planted).toBeGreaterThan(40)
  })

  it('has no wrong answer without them but those that nobody built on, and no decoy that looks wrong for long', () => {
    for (const script of [...controls, ...faulty]) {
      const unused = new Set(script.decoys.filter(({ kind }) => kind === 'unused').flatMap(({ steps }) => steps))
      expect(flawedKeys(script, everyFault(script)).filter((key) => !unused.has(key))).toEqual([])
    }
    for (const kind of ['nothing there', 'errors asked', 'pages', 'asked again'])
      expect(decoysIn(controls, kind).length).toBeGreaterThan(20)
  })

  it('at level 2 has errors in bodies alone, and at level 4 builds on an answer two questions later', () => {
    const kinds = scriptsOf('silent', 2, true, 20).flatMap(({ faults }) => faults.map(({ kind }) => kind))
    expect(new Set(kinds)).toEqual(new Set(['body_error']))
    for (const script of scriptsOf('silent', 4, true, 20)) {
      const calls = callsOf(script, none)
      for (const { steps } of script.faults.filter(({ kind }) => wrong.includes(kind))) {
        const at = calls.findIndex(({ key }) => key === steps[0])
        const version = (JSON.parse(calls[at]?.result ?? '') as { version: string }).version
        const usedAt = calls.findIndex((call) => ((given(call).given as string[] | undefined) ?? []).includes(version))
        const isLast = usedAt === calls.length - 1
        if (!isLast) expect(usedAt).toBeGreaterThan(at + 1)
      }
    }
  })

  it('answers wrongly by its faults alone, though no call fails', async () => {
    const seed = 'a'
    const { run, result } = await simulate('silent', { level: 2, seed, control: 'false' })
    const { faults } = await keyOf(run)
    expect(result.ok).toBe(false)
    expect(faults.map(({ kind, impact }) => [kind, impact?.outcome_changed])).toEqual([['body_error', true]])
    const off = await simulate('silent', { level: 2, seed, control: 'false', faults: 'off' })
    expect(off.result.ok).toBe(true)
  })
})

describe('hallucination', () => {
  const [faulty, controls] = [scriptsOf('hallucination', 3, true), scriptsOf('hallucination', 3, false)]
  const tools = new Set(worldOf('a world').tools.map(({ name }) => name))
  /** Users group the digits of an id, and write them large. */
  const read = (text: string) => text.toLowerCase().replaceAll('-', '')
  /** Calls about an id that neither the user nor an earlier answer had named, and that they do not make themselves. */
  const inventedIn = (script: Script, out: Out) => {
    let said = script.jobs
      .flatMap(({ steps }) => steps)
      .flatMap((step) => (step.kind === 'chat' ? (step.told ?? '') : ''))
    return callsOf(script, out).filter((call) => {
      const { id, action } = given(call)
      const isInvented = typeof id === 'string' && action !== 'create' && !said.some((text) => read(text).includes(id))
      said = [...said, call.result ?? '']
      return isInvented
    })
  }
  const stepsOfKind = (script: Script, wanted: string) =>
    script.faults.filter(({ kind }) => kind === wanted).flatMap(({ steps }) => steps)

  it('asks about what nobody has named by a fault alone', () => {
    let invented = 0
    for (const script of [...controls, ...faulty]) {
      const planted = stepsOfKind(script, 'invented_id').filter((key) => key.includes('/call/'))
      expect(inventedIn(script, none).map(({ key }) => key)).toEqual(planted)
      expect(inventedIn(script, everyFault(script))).toEqual([])
      invented += planted.length
    }
    expect(invented).toBeGreaterThan(10)
  })

  it('at level 4 asks about an id that is one digit off', () => {
    for (const script of scriptsOf('hallucination', 4, true, 30)) {
      const listed = callsOf(script, none).flatMap(({ result }) => result?.match(/[0-9a-f]{12}/g) ?? [])
      for (const call of inventedIn(script, none)) {
        const id = String(given(call).id)
        const off = listed.map((other) => Array.from(other).filter((digit, at) => digit !== id[at]).length)
        expect(Math.min(...off)).toBe(1)
      }
    }
  })

  it('asks for a tool that there is not by a fault alone, and is refused at once as is whoever may not', () => {
    for (const script of [...controls, ...faulty]) {
      const calls = callsOf(script, none)
      const strange = calls.filter(({ tool }) => !tools.has(tool))
      const planted = stepsOfKind(script, 'no_tool').filter((key) => key.includes('/call/'))
      expect(strange.map(({ key }) => key)).toEqual(planted)
      expect(strange.every(({ status }) => status === 404)).toBe(true)
      const refusals = script.jobs
        .flatMap(({ steps }) => steps)
        .flatMap((step) => (step.kind === 'call' ? step.attempts : []))
        .filter(({ status }) => status >= 400 && status < 500)
      expect(new Set(refusals.map(({ ms }) => ms.value))).toEqual(refusals.length > 0 ? new Set([0]) : new Set())
    }
    for (const kind of [
      'not found',
      'forbidden',
      'refused',
      'mended',
      'unavailable',
      'named by the user',
      'nothing found',
    ])
      expect(decoysIn(controls, kind).length).toBeGreaterThan(20)
  })

  it('is at its goal where it recovers, and not where it does not', async () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 12; seed++) {
      const { run, result } = await simulate('hallucination', { level: 2, seed: `s${seed}`, control: 'false' })
      const { faults } = await keyOf(run)
      for (const { kind, standing, impact } of faults) {
        if (kind === 'slow_model') continue
        expect(standing).toBe('required')
        expect(impact?.outcome_changed).toBe(!result.ok)
        if (result.ok) expect(impact?.tokens).toBeGreaterThan(0)
        outcomes.add(`${kind} ${result.ok}`)
      }
    }
    expect(outcomes.size).toBeGreaterThan(2)
  })
})
