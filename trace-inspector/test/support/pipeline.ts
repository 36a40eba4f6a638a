import { exportingTo, type Pair, startPair, startService } from '../../../scripts/pair.ts'
import { inspectorJudge, type Judge } from '../../../cli/verify/judge.ts'
import { readPlays } from '../../../cli/verify/play.ts'
import { type Outcome, verifyRuns } from '../../../cli/verify/runs.ts'
import { type Backend, freePorts, startCollector } from './backend.ts'

export interface Pipeline extends Pair {
  inspectorUrl: string
  /** Runs scenarios (all, unless some are named) and has them judged, by the inspector unless by another. */
  verify: (scenarios?: string[], options?: { waitS?: number; judge?: Judge }) => Promise<Outcome[]>
}

/** The services, the real Collector behind them and the inspector behind that. */
export async function startPipeline(
  files: readonly string[],
  changes: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Pipeline> {
  const [port] = await freePorts(1)
  const inspectorUrl = `http://127.0.0.1:${port}`
  const collector: Backend = await startCollector(
    files,
    [`exporters::otlp_http/inspector::endpoint: ${inspectorUrl}`, ...changes],
    env,
  )
  const pair = await startPair(exportingTo(collector.url))
  const inspector = await startService('trace-inspector', { INSPECTOR_PORT: String(port), AGENT_URLS: pair.agent.url })
  return {
    ...pair,
    inspectorUrl,
    async verify(scenarios = [], { waitS = 30, judge = inspectorJudge(inspectorUrl) } = {}) {
      const plays = await readPlays(pair.agent.url, scenarios)
      const options = { waitS, isSampled: false, begins: () => {} }
      const outcomes: Outcome[] = []
      for await (const outcome of verifyRuns(pair.agent.url, plays, judge, options)) outcomes.push(outcome)
      return outcomes
    },
    async stop() {
      await pair.stop()
      await collector.stop()
      await inspector.stop()
    },
  }
}

export const verdictsOf = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ scenario, verification, problem }) => [scenario, verification?.verdict ?? problem])
