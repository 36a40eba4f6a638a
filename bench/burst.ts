import { get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './benchmark.ts'
import { hopsQuery, startServices } from './pair.ts'
import { patience, waitsDuring } from './patience.ts'
import { startReceiver } from './processes.ts'

const limitMs = 100
const runs = 600
const query = 'depth=20&delay_ms=20&thoughts=0'
const readers = 25
/** A reader takes what has come, and rests, ms. */
const restMs = 5

/** How long a health check waits while hundreds of runs begin and end at once, and while many read a large ledger slowly. */
export const burst: Benchmark = {
  name: 'burst',
  async run(progress) {
    const receiver = await startReceiver()
    const services = await startServices(receiver)
    const { url } = services.agent
    await services.run('chain', query)
    progress(`${runs} runs at once`)
    const all = Promise.all(Array.from({ length: runs }, () => services.run('chain', query)))
    const duringRuns = await waitsDuring(`${url}/health`, all)
    progress(`${readers} slow readers of a large ledger`)
    const { trace_id } = await services.run('fanout', hopsQuery(10_000, 500))
    const read = Promise.all(Array.from({ length: readers }, () => readSlowly(`${url}/runs/${trace_id}`)))
    const duringReads = await waitsDuring(`${url}/health`, read)
    await services.stop()
    await receiver.stop()
    return [
      patience(`/health while ${runs} runs begin and end`, duringRuns, limitMs),
      patience(`/health with ${readers} readers of a ledger of 26 MB`, duringReads, limitMs),
    ]
  },
}

async function readSlowly(url: string): Promise<void> {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  for await (const _ of response) await sleep(restMs)
}
