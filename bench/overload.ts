import { setTimeout as sleep } from 'node:timers/promises'
import { type Benchmark, type Figure } from './benchmark.ts'
import { startServices } from './pair.ts'
import { startReceiver } from './processes.ts'

const limitMs = 50
/** As many tool calls as are admitted, begun and ended in waves of 500. */
const runs = 20
const query = 'fanout=1000&concurrency=500&delay_ms=5000&jitter=0.2'

/** How long somebody waits who asks something small of an agent that plays as many tool calls as it admits. */
export const overload: Benchmark = {
  name: 'overload',
  async run(progress) {
    const receiver = await startReceiver()
    const services = await startServices(receiver)
    const { url } = services.agent
    progress(`${runs} fan-outs at the limit of admission`)
    let isOver = false
    const play = async () => {
      await Promise.all(Array.from({ length: runs }, () => services.run('fanout', query)))
      isOver = true
    }
    const waits = async (path: string) => {
      const ms: number[] = []
      while (!isOver) {
        const start = performance.now()
        await (await fetch(url + path)).arrayBuffer()
        ms.push(performance.now() - start)
        await sleep(20)
      }
      return ms
    }
    const [health, scenarios] = await Promise.all([waits('/health'), waits('/scenarios'), play(), refusesMore(url)])
    await services.stop()
    await receiver.stop()
    return [figureOf('/health', health), figureOf('/scenarios', scenarios)]
  },
}

/** Sees to it that the agent is at its limit: it plays all runs, and refuses one more. */
async function refusesMore(url: string): Promise<void> {
  const inFlight = async () => ((await (await fetch(`${url}/health`)).json()) as { in_flight: number }).in_flight
  while ((await inFlight()) < runs) await sleep(20)
  const { status } = await fetch(`${url}/run?scenario=fanout`)
  if (status !== 503) throw new Error(`one more run was answered with ${status}`)
}

function figureOf(path: string, ms: number[]): Figure {
  const p99 = ms.toSorted((a, b) => a - b)[Math.ceil(ms.length * 0.99) - 1] as number
  return {
    name: `${path} at the limit of admission, p99`,
    measured: `${p99.toFixed(0)} ms`,
    floor: `${limitMs} ms allowed`,
    ratio: p99 / limitMs,
    limit: 1,
  }
}
