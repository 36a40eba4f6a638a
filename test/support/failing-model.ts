import { simulate } from './simulated.ts'

/** The query of a run whose model fails, and makes nobody wait for a second: what a rate limit asks for is one at least. */
export async function quicklyFailing(scenario: string, query: string, ends: 'answered' | 'lost'): Promise<string> {
  for (let seed = 0; ; seed++) {
    const text = `${query}&llm_error_rate=0.5&seed=failing-${seed}`
    const { run, result } = await simulate(scenario, Object.fromEntries(new URLSearchParams(text)))
    const { steps } = run.ledger
    const failed = steps.filter(({ injected }) => injected?.fault === 'model_failure')
    const isQuick = failed.every(({ facts }) => facts.operation === 'http_client' && facts.status !== 429)
    if (failed.length > 0 && isQuick && result.summary.llm_errors > 0 === (ends === 'lost')) return text
  }
}
