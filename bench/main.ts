// npm run bench: what this costs, as ratios to floors that are measured in the same run. [--only NAME] [--json] [--check]
import { parseArgs } from 'node:util'
import type { Figure } from './benchmark.ts'
import { burst } from './burst.ts'
import { elapsed } from './elapsed.ts'
import { hopCost } from './hop-cost.ts'
import { largeRun } from './large-run.ts'
import { overload } from './overload.ts'

const benchmarks = [elapsed, hopCost, largeRun, overload, burst]

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'boolean' },
    check: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
const chosen = benchmarks.filter(({ name }) => values.only === undefined || values.only === name)
const isOver = ({ ratio, limit }: Figure) => limit !== undefined && ratio > limit

if (values.help || chosen.length === 0) {
  console.log('Usage: npm run bench -- [--only NAME] [--json] [--check]')
  console.log(
    `Names: ${benchmarks.map(({ name }) => name).join(', ')}. With --check it exits 1 when a limit is exceeded.`,
  )
  process.exitCode = values.help ? 0 : 2
} else {
  const figures: Figure[] = []
  for (const { run } of chosen) figures.push(...(await run((line) => console.error(line))))
  if (values.json)
    console.log(JSON.stringify({ node: process.version, date: new Date().toISOString(), figures }, undefined, 2))
  else printTable(figures)
  if (values.check && figures.some(isOver)) process.exitCode = 1
}

function printTable(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    figure.measured,
    figure.floor,
    `${figure.ratio.toFixed(2)} ×`,
    figure.limit === undefined ? '' : `${isOver(figure) ? 'OVER' : 'ok'} (≤ ${figure.limit})`,
  ])
  const table = [['', 'measured', 'floor', 'ratio', 'limit'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => (row[column] as string).length)))
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
}
