import type { Key } from 'contract/key'
import { Random } from 'contract/random'
import { expect, it } from 'vitest'
import { incidentKind, startsOf } from '../cli/exam/incident.ts'

type Runs = Parameters<typeof startsOf>[0]

/** As much of runs as is looked at: scenarios in turn, of each a faulty run and then a control; kinds as they are drawn. */
function runsOf(seed: string, scenarios: Readonly<Record<string, readonly string[]>>, each: number): Runs {
  const random = new Random(seed)
  const names = Object.keys(scenarios)
  return Array.from({ length: names.length * each }, (_, index) => {
    const scenario = names[index % names.length] as string
    const isFaulty = Math.floor(index / names.length) % 2 === 0
    const kind = random.pick(scenarios[scenario] as readonly string[])
    const faults = isFaulty ? [{ kind, standing: 'required' }] : []
    return { scenario, key: { verdict: isFaulty ? 'faulty' : 'healthy', faults } as unknown as Key }
  })
}

const mixed = {
  fanout: ['straggler', 'failed', 'tool_slow'],
  human: ['redo', 'slow_tool'],
  rag: ['failed', 'duplicate'],
}
const one = { dag: ['slow_branch', 'late_start', 'failed'] }
const slotMs = 30_000

const affectedOf = (runs: Runs, kind: string | undefined) =>
  runs.flatMap(({ key }, index) => (key.faults.some((fault) => fault.kind === kind) ? [index] : []))

it.each([mixed, one])('traces come evenly, whatever is wrong with them', (scenarios) => {
  const runs = runsOf('a', scenarios, 60)
  const starts = startsOf(runs, incidentKind(runs), 'seed', 0)
  const slots = starts.map((ms) => Math.floor(ms / slotMs)).toSorted((a, b) => a - b)
  expect(slots).toEqual(runs.map((_, index) => index))
})

it.each([mixed, one])(
  'within the while of the incident, and outside, half of the runs of a scenario are faulty',
  (scenarios) => {
    let [right, all] = [0, 0]
    for (let exam = 0; exam < 20; exam++) {
      const runs = runsOf(String(exam), scenarios, 60)
      const kind = incidentKind(runs)
      const starts = startsOf(runs, kind, String(exam), 0)
      const affected = affectedOf(runs, kind).map((index) => starts[index] as number)
      const [from, to] = [Math.min(...affected), Math.max(...affected)]
      // The incident is some of the time only.
      expect(to - from).toBeLessThan(0.85 * runs.length * slotMs)
      for (const scenario of Object.keys(scenarios)) {
        const own = runs.flatMap((run, index) =>
          run.scenario === scenario ? [{ run, at: starts[index] as number }] : [],
        )
        const said = own.filter(({ run, at }) => (at >= from && at <= to) === (run.key.verdict === 'faulty')).length
        right += said
        all += own.length
      }
    }
    expect(right / all).toBeGreaterThan(0.45)
    expect(right / all).toBeLessThan(0.55)
  },
)

it('where all that is faulty is so in one way, there is no incident', () => {
  const runs = runsOf('a', { fanout: ['straggler'] }, 20)
  expect(incidentKind(runs)).toBeUndefined()
  expect(new Set(startsOf(runs, undefined, 'seed', 0)).size).toBe(20)
})
