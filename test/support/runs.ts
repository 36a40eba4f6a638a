import type { RunAnswer } from '../../agent-app/src/output.ts'
import type { LedgerAnswer, RunLedger } from 'contract/ledger'
import { scenarios } from 'engine/scenarios/index'
import { pathOf } from 'engine/catalog'

/** Asks an agent for a run and reads its result, whichever way the scenario answers. */
export async function runScenario(
  agentUrl: string,
  name: string,
  query = '',
  headers: Record<string, string> = {},
): Promise<RunAnswer> {
  const scenario = scenarios.find((candidate) => candidate.name === name)
  if (!scenario) throw new Error(`no scenario ${name}`)
  const path = pathOf(scenario)
  const url = `${agentUrl}${path}${query && `${path.includes('?') ? '&' : '?'}${query}`}`
  const response = await fetch(url, { headers: { Accept: 'text/event-stream, application/json', ...headers } })
  const body = await response.text()
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${body}`)
  const result = scenario.path === '/stream' ? (/event: result\ndata: (.*)\n/.exec(body)?.[1] ?? body) : body
  return JSON.parse(result) as RunAnswer
}

/** The ledger of a run, once its request has been answered for good. */
export async function ledgerOf(agentUrl: string, traceId: string): Promise<RunLedger> {
  for (;;) {
    const response = await fetch(`${agentUrl}/runs/${traceId}`)
    const { runs } = (await response.json()) as LedgerAnswer
    // What others played of it stands beside it.
    const run = runs.findLast(({ part }) => part === undefined) ?? runs.at(-1)
    if (!run) throw new Error(`no run ${traceId}`)
    if (run.state === 'closed') return run
  }
}
