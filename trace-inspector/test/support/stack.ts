import type { Key } from 'contract/key'
import { expect } from 'vitest'
import { exportingTo, type Pair, type Service, startPair, startService } from '../../../scripts/pair.ts'
import type { Revelation } from '../../src/reveal/reveal.ts'
import type { Verification } from '../../src/verify/verify.ts'
import { type Meddler, startMeddler } from './meddler.ts'

/** What an agent answers, as far as tests here look into it. */
export interface RunAnswer {
  ok: boolean
  trace_id: string
  spans: { total: number }
  finding: { kind: string; text: string; observed: Record<string, unknown> }
  key: Key
}

export interface Stack extends Pair {
  inspector: Service
  /** Between the pair and the inspector. */
  meddler: Meddler
  /** Runs a scenario: what follows the `?` of `/run`. */
  run: (query: string, headers?: Record<string, string>) => Promise<RunAnswer>
  /** GETs JSON from the inspector. */
  get: <T>(path: string) => Promise<T>
  /** Resolves when the inspector has this many spans of a trace. */
  arrived: (traceId: string, spans: number) => Promise<void>
  verify: (traceId: string, waitS?: number) => Promise<Verification>
  reveal: (traceId: string) => Promise<Revelation>
}

/** tool-service, agent-app and trace-inspector as real processes, and a meddler between them. */
export async function startStack(
  env: Record<string, string> = {},
  agentEnv: Record<string, string> = {},
  inspectorEnv: Record<string, string> = {},
): Promise<Stack> {
  const meddler = await startMeddler()
  const pair = await startPair({ ...exportingTo(meddler.url), ...env }, agentEnv)
  const inspector = await startService('trace-inspector', { AGENT_URLS: pair.agent.url, ...inspectorEnv })
  meddler.target = inspector.url
  const get = async <T>(path: string) => {
    const response = await fetch(`${inspector.url}${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  return {
    ...pair,
    inspector,
    meddler,
    get,
    async run(query, headers = {}) {
      const response = await fetch(`${pair.agent.url}/run?${query}`, { headers })
      return (await response.json()) as RunAnswer
    },
    async arrived(traceId, spans) {
      const count = async () => {
        const response = await fetch(`${inspector.url}/traces/${traceId}`)
        const body = (await response.json()) as { spans?: number }
        return body.spans ?? 0
      }
      await expect.poll(count).toBe(spans)
    },
    verify: (traceId, waitS = 0) => get(`/traces/${traceId}/verify?wait_s=${waitS}`),
    reveal: (traceId) => get(`/traces/${traceId}/reveal`),
    async stop() {
      await pair.stop()
      await inspector.stop()
      await meddler.close()
    },
  }
}
