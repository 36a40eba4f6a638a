import { setTimeout as sleep } from 'node:timers/promises'
import { jaeger, jaegerAnswerSchema, readJaegerTrace } from '../../trace-inspector/src/jaeger.ts'
import { askAgents, type Told } from '../../trace-inspector/src/ledgers.ts'
import { reveal, type Revelation } from '../../trace-inspector/src/reveal/reveal.ts'
import { Trace } from '../../trace-inspector/src/trace.ts'
import { queuedExcuse } from '../../trace-inspector/src/verify/excuse.ts'
import { isSettled, type Verification, verify } from '../../trace-inspector/src/verify/verify.ts'
import { firstTold } from '../../trace-inspector/src/verify/wait.ts'
import { askReady, explain, get, getJson, ServiceError } from '../http.ts'

export interface Judgement {
  verification: Verification
  /** undefined when nothing came. */
  revelation: Revelation | undefined
}

/** Whoever can say what came of a trace. */
export interface Judge {
  /** Who that is, for people. */
  name: string
  /** Throws a ServiceError when there is nobody. */
  isThere: () => Promise<void>
  /** Waits for a trace to be all there, for `waitS` seconds at most. */
  judge: (traceId: string, waitS: number) => Promise<Judgement>
}

/** Between two looks at what tells nobody that there is more of it: arrivals at Jaeger, a key that is pending; ms. */
const pauseMs = 500

/** The trace-inspector at the other end of the pipeline. */
export function inspectorJudge(url: string): Judge {
  const service = 'trace-inspector'
  return {
    name: `${service} at ${url}`,
    isThere: async () => void (await askReady(service, `${url}/ready`)),
    async judge(traceId, waitS) {
      const deadline = performance.now() + waitS * 1000
      const verification = (await getJson(service, `${url}/traces/${traceId}/verify?wait_s=${waitS}`)) as Verification
      if (verification.counts.received === 0) return { verification, revelation: undefined }
      for (;;) {
        const revelation = (await getJson(service, `${url}/traces/${traceId}/reveal`)) as Revelation
        if (revelation.planted !== 'pending' || performance.now() >= deadline) return { verification, revelation }
        await sleep(pauseMs)
      }
    },
  }
}

/** Jaeger, which knows nothing of ledgers: what it gives back is compared here. */
export function jaegerJudge(url: string, agents: readonly string[]): Judge {
  async function read(traceId: string): Promise<Trace> {
    const answer = await get('Jaeger', `${url}/api/traces/${traceId}?raw=true`)
    if (answer.status === 404) return new Trace(traceId)
    const parsed = jaegerAnswerSchema.safeParse(answer.status === 200 ? JSON.parse(answer.body) : undefined)
    if (parsed.success) return readJaegerTrace(traceId, parsed.data)
    throw new ServiceError(`Jaeger answered something that is not a trace (${explain(answer)})`)
  }
  return {
    name: `Jaeger at ${url}`,
    isThere: async () => void (await askReady('Jaeger', `${url}/api/services`, 60_000)),
    async judge(traceId, waitS) {
      const deadline = performance.now() + waitS * 1000
      let told: Told | undefined
      for (;;) {
        const isOver = performance.now() >= deadline
        const trace = await read(traceId)
        const ask = () => askAgents({ urls: agents }, traceId, told)
        told = await (told ? ask() : firstTold(ask, AbortSignal.timeout(waitS * 1000)))
        const { ledger } = told
        const verification = verify(ledger, trace, { transport: jaeger, excuse: queuedExcuse(ledger) })
        const isPending = ledger.runs.some(({ key }) => key === 'pending')
        if (isOver || (isSettled(verification) && !isPending)) {
          const { spans } = trace
          return { verification, revelation: spans.size > 0 ? reveal(traceId, spans.values(), ledger.runs) : undefined }
        }
        await sleep(pauseMs)
      }
    },
  }
}
