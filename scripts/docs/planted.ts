import type { Key, KeyFault } from 'contract/key'
import { pathOf } from 'engine/catalog'
import { keyOf } from 'engine/key/key'
import type { RunResult } from 'engine/run'
import { scenarios } from 'engine/scenarios/index'
import { simulate } from '../../test/support/simulated.ts'
import { code, table } from './markdown.ts'

const seed = 'readme'
const shown = 4

/** The rows of the table: each is the path of a run, and what its seed decides on every machine. */
export const plantedRows = scenarios.map((scenario) => {
  const path = pathOf(scenario)
  return { scenario, path: `${path}${path.includes('?') ? '&' : '?'}seed=${seed}` }
})

/** What of a run repeats: nothing here is measured. */
export function repeating({ faults }: Key, { finding, summary }: Pick<RunResult, 'finding' | 'summary'>): string[] {
  const drawn = new Map((finding.injected ?? []).map(({ key, drawn_ms }) => [key, `${drawn_ms.toFixed(1)} ms`]))
  const planted = faults.map((fault) => `${code(fault.id)} ${sizeOf(fault, drawn)}`.trim())
  const more = planted.length > shown ? ` and ${planted.length - shown} more` : ''
  return [
    planted.slice(0, shown).join(', ') + more,
    String(summary.tool_calls),
    String(summary.retries),
    String(summary.llm_calls),
  ]
}

/** How often a tool failed, how long a call was made to take, or how many times as long. */
function sizeOf({ magnitude, steps }: KeyFault, drawn: ReadonlyMap<string, string>): string {
  if (magnitude?.unit === 'rate') return `${steps.length} failures, at a rate of ${magnitude.value}`
  const [ms] = steps.flatMap((key) => drawn.get(key) ?? [])
  if (magnitude) return ms ?? `× ${magnitude.value}`
  // What takes no time has no size.
  return Number.parseFloat(ms ?? '0') > 0 ? String(ms) : ''
}

/** What a seed decides in each scenario: the same on every machine, so that virtual time tells it as well. */
export async function plantedTable(): Promise<string> {
  const rows = await Promise.all(
    plantedRows.map(async ({ scenario, path }) => {
      const { run, result } = await simulate(scenario.name, { seed })
      return [code(path), ...repeating(await keyOf(run), result)]
    }),
  )
  return table(['Run', 'Planted, with its size', 'Tool calls', 'Retries', 'Model calls'], rows)
}
