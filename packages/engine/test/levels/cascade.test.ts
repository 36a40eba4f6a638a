import { describe, expect, it } from 'vitest'
import { simulate } from '../../../../test/support/simulated.ts'
import { drawsOf } from '../../src/draws.ts'
import { keyOf } from '../../src/key/key.ts'
import { cascadeLevels } from '../../src/levels/cascade.ts'
import { scriptOf } from '../../src/levels/level.ts'
import { jobsOf } from '../../src/levels/script.ts'
import { scheduleOf, takenMs } from '../../src/levels/schedule.ts'

const nothing = new Set<string>()
const seeds = ['a', 'b', 'c', 'd']
/** What a surge sent is to blame for so long after it. */
const graceMs = 1000
/** Written away at the end of each run. */
const checkpointMs = 12.5

const draw = (seed: string, params: Record<string, unknown>) =>
  scriptOf({ random: drawsOf(seed, 'cascade'), worldSeed: 'world' }, cascadeLevels, params)

describe.each([2, 3, 4])('at level %i', (level) => {
  it('is drawn the same each time, and without a fault every call is another only by that', () => {
    for (const seed of seeds) {
      const [one, other] = [draw(seed, { level, control: false }), draw(seed, { level, control: false })]
      expect(jobsOf(other, nothing)).toEqual(jobsOf(one, nothing))
      expect(other.faults).toEqual(one.faults)
      for (const { id } of one.faults) {
        const argumentsOf = (out: ReadonlySet<string>) =>
          new Map(
            jobsOf(one, out).flatMap(({ steps }) =>
              steps.flatMap((step) => (step.kind === 'call' ? [[step.key, step.arguments]] : [])),
            ),
          )
        const all = argumentsOf(nothing)
        for (const [key, text] of argumentsOf(new Set([id]))) expect(all.get(key)).toBe(text)
      }
    }
  })

  it('takes as long as its schedule says, and has the key that it has: what each fault costs the calls of all', async () => {
    for (const seed of seeds.slice(0, 2))
      for (const control of [true, false]) {
        const script = draw(seed, { level, control })
        const { run } = await simulate('cascade', { level, seed, control: String(control) })
        const workflow = run.ledger.steps.find(({ key }) => key === 'workflow')
        expect(workflow?.duration_ms).toBeCloseTo(scheduleOf(script, nothing).totalMs + checkpointMs, 1)
        const key = await keyOf(run)
        expect(key.verdict).toBe(control ? 'healthy' : 'faulty')
        expect(key.faults).toHaveLength(control ? 0 : level === 4 ? 2 : 1)
        const taken = takenMs(script, nothing)
        const recordOf = new Map(run.ledger.steps.map((step) => [step.key, step]))
        const beganMs = run.ledger.steps[0]?.start_ms ?? 0
        for (const { id, impact, standing, window, steps } of key.faults) {
          expect(standing).toBe('required')
          // What it struck was under way while it was in force, or had been refused in it.
          for (const struck of steps) {
            const { start_ms = 0, duration_ms } = recordOf.get(struck) ?? {}
            expect(start_ms + (duration_ms ?? 0) - beganMs).toBeGreaterThan(window?.from_ms ?? Infinity)
            expect(start_ms - beganMs).toBeLessThan((window?.to_ms ?? 0) + graceMs)
          }
          expect(impact?.ms).toBeCloseTo(taken - takenMs(script, new Set([id])), 0)
        }
        const steps = new Set(run.ledger.steps.map((step) => step.key))
        const named = [
          ...run.faults.faults.flatMap((fault) => [...fault.steps]),
          ...run.faults.neutralSteps,
          ...run.faults.decoySteps,
        ]
        expect(named.filter((step) => !steps.has(step))).toEqual([])
      }
  })

  it('has harmless twins in a control: nothing that was refused there kept others waiting for long', () => {
    for (const seed of seeds) {
      const script = draw(seed, { level, control: true })
      const burst = script.decoys.find(({ kind }) => kind === 'burst')
      expect(script.faults).toEqual([])
      if (burst) expect(takenMs(script, nothing)).toBeLessThan(1.05 * takenMs(script, new Set([burst.id])))
    }
  })
})

it('a quota that is used up, and calls that fail by themselves, are named by nobody', async () => {
  for (const seed of seeds) {
    const script = draw(seed, { level: 3, control: true })
    const { run, result } = await simulate('cascade', { level: 3, seed, control: 'true' })
    const refused = run.ledger.steps.filter(({ facts }) => facts.operation === 'http_client' && facts.status === 429)
    const asked = refused.filter(({ facts }) => facts.operation === 'http_client' && facts.retry_after !== undefined)
    if (script.decoys.some(({ kind }) => kind === 'burst') && refused.length > asked.length) continue
    expect(result.finding.observed.span_ids).toEqual([])
  }
})
