import { expect, test } from 'vitest'
import { plantedRows, plantedTable, repeating } from '../scripts/docs/planted.ts'
import { code } from '../scripts/docs/markdown.ts'
import { runScenario } from './support/runs.ts'
import { startPair } from './support/services.ts'

test('what the table of docs/findings.md prints of a run repeats, as often as it is run', async () => {
  const pair = await startPair()
  const printed = (await plantedTable()).split('\n').slice(2)
  const run = async ({ scenario, path }: (typeof plantedRows)[number]) => {
    const answer = await runScenario(pair.agent.url, scenario.name, path.split(/[?&]/).at(-1))
    if (answer.key === null || answer.key === 'pending') throw new Error(`${path} has no key`)
    return `| ${[code(path), ...repeating(answer.key, answer)].join(' | ')} |`
  }
  try {
    const twice = await Promise.all([...plantedRows, ...plantedRows].map(run))
    expect(twice).toEqual([...printed, ...printed])
  } finally {
    await pair.stop()
  }
})
