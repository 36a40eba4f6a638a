import { refusalOf, toolboxNames } from 'contract/toolbox'
import { Random } from 'contract/random'
import { expect, it } from 'vitest'
import { drawScript } from '../../src/levels/judge.ts'
import { numbersOf } from '../../src/levels/numbers.ts'
import { jobsOf } from '../../src/levels/script.ts'
import { worldOf } from '../../src/levels/world.ts'
import { scenarios } from '../../src/scenarios/index.ts'

/** Documents are fetched, and no tool is asked. */
const wanted = scenarios.flatMap(({ name, levels }) =>
  levels && name !== 'rag'
    ? ([2, 3, 4] as const).map((level) => ({ name, levels, numbers: numbersOf[level], level }))
    : [],
)

it.each(wanted)(
  'tools are asked by their schemas in $name at level $level, but where they refuse it for that',
  ({ levels, numbers }) => {
    let asked = 0
    for (const seed of ['a', 'b']) {
      const random = new Random(seed)
      const drawn = {
        world: worldOf('a world'),
        numbers,
        random,
        isFaulty: true,
        kinds: random.identifier('kinds', 32),
      }
      const script = drawScript((each) => levels.draft(each, {}), drawn)
      const jobs = jobsOf(script, new Set())
      for (const step of [script.before, ...jobs.map(({ steps }) => steps), script.after].flat()) {
        if (step.kind !== 'call') continue
        const byItself = step.attempts.find(({ isStrict }) => isStrict)
        if (!byItself) expect(toolboxNames).toContain(step.tool)
        expect(refusalOf(step.tool, step.arguments)?.status, `${step.tool} ${step.arguments}`).toBe(byItself?.status)
        asked++
      }
    }
    expect(asked).toBeGreaterThan(0)
  },
)
