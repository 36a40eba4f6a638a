import { pathOf } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { simulate } from '../../test/support/simulated.ts'
import { code, table } from './markdown.ts'

const seed = 'readme'
const shown = 4

/** What a seed decides in each scenario: the same on every machine, so that simulated time tells it as well. */
export async function plantedTable(): Promise<string> {
  const rows = await Promise.all(
    scenarios.map(async (scenario) => {
      const { finding, summary } = (await simulate(scenario.name, { seed })).result
      const planted = (finding?.injected ?? []).map(({ key, drawn_ms }) => `${code(key)} ${drawn_ms.toFixed(1)} ms`)
      const more = planted.length > shown ? ` and ${planted.length - shown} more` : ''
      const path = pathOf(scenario)
      return [
        code(`${path}${path.includes('?') ? '&' : '?'}seed=${seed}`),
        planted.slice(0, shown).join(', ') + more,
        String(summary.tool_calls),
        String(summary.retries),
        String(summary.llm_calls),
      ]
    }),
  )
  return table(['Run', 'Planted, with the time that it was made to take', 'Tool calls', 'Retries', 'Model calls'], rows)
}
