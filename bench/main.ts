// npm run bench: what this costs, as ratios to floors that are measured in the same run.
import { defineCommand, runCommand, UsageError } from '../cli/command.ts'
import { type Column, renderTable } from '../cli/table.ts'
import type { Figure } from './benchmark.ts'
import { burst } from './burst.ts'
import { elapsed } from './elapsed.ts'
import { hopCost } from './hop-cost.ts'
import { impact } from './impact.ts'
import { largeRun } from './large-run.ts'
import { overload } from './overload.ts'
import { simulated } from './simulate.ts'

const benchmarks = [elapsed, hopCost, largeRun, overload, burst, simulated, impact]

const names = benchmarks.map(({ name }) => name).join(', ')
const isOver = ({ ratio, limit }: Figure) => limit !== undefined && ratio > limit
const columns: Column[] = ['', 'measured', 'floor', 'ratio', 'limit'].map((title) => ({ title }))

await runCommand(
  defineCommand({
    name: 'npm run bench --',
    description: 'Measures what the services cost, as ratios to floors that are measured in the same run',
    args: {
      only: { type: 'string', valueHint: 'NAME', description: `one of ${names}` },
      json: { type: 'boolean', description: 'for machines' },
      check: { type: 'boolean', description: 'exit 1 when a limit is exceeded' },
    },
    async run({ only, json, check }) {
      const chosen = benchmarks.filter(({ name }) => only === undefined || only === name)
      if (chosen.length === 0) throw new UsageError(`--only ${only}: expected one of ${names}`)
      const figures: Figure[] = []
      for (const { run } of chosen) figures.push(...(await run((line) => console.error(line))))
      if (json)
        console.log(JSON.stringify({ node: process.version, date: new Date().toISOString(), figures }, undefined, 2))
      else console.log(renderTable(columns, figures.map(cellsOf)))
      return check && figures.some(isOver) ? 1 : 0
    },
  }),
)

function cellsOf(figure: Figure): string[] {
  const { name, measured, floor, ratio, limit } = figure
  return [
    name,
    measured,
    floor,
    `${ratio.toFixed(2)} ×`,
    limit === undefined ? '' : `${isOver(figure) ? 'OVER' : 'ok'} (≤ ${limit})`,
  ]
}
