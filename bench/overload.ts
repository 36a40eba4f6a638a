import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from './benchmark.ts'
import { startServices } from './pair.ts'
import { patience, waitsDuring } from './patience.ts'
import { startReceiver } from './processes.ts'

const limitMs = 50
/** As many tool calls as are admitted, begun and ended in waves of 500. */
const runs = 20
const query = 'fanout=1000&concurrency=500&delay_ms=5000&jitter=0.2&thoughts=0'

/** How long somebody waits who asks something small of an agent that plays as many tool calls as it admits. */
export const overload: Benchmark = {
  name: 'overload',
  async run(progress) {
    const receiver = await startReceiver()
    const services = await startServices(receiver)
    const { url } = services.agent
    progress(`${runs} fan-outs at the limit of admission`)
    const play = Promise.all(Array.from({ length: runs }, () => services.run('fanout', query)))
    const [health, scenarios] = await Promise.all([
      waitsDuring(`${url}/health`, play),
      waitsDuring(`${url}/scenarios`, play),
      refusesMore(url),
    ])
    await services.stop()
    await receiver.stop()
    return [
      patience('/health at the limit of admission', health, limitMs),
      patience('/scenarios at the limit of admission', scenarios, limitMs),
    ]
  },
}

/** Sees to it that the agent is at its limit: it plays all runs, and refuses one more. */
async function refusesMore(url: string): Promise<void> {
  const inFlight = async () => ((await (await fetch(`${url}/health`)).json()) as { in_flight: number }).in_flight
  while ((await inFlight()) < runs) await sleep(20)
  const { status } = await fetch(`${url}/run?scenario=fanout`)
  if (status !== 503) throw new Error(`one more run was answered with ${status}`)
}
