import { type Benchmark, type Figure, median } from './benchmark.ts'
import { hopsQuery, startServices } from './pair.ts'
import { type Measured, startReceiver } from './processes.ts'

const fanout = 10_000
const concurrency = 500
const rounds = 3
const memoryLimitMb = 400

/** A fan-out of 10,000 at concurrency 500: what it takes in memory, and that a hop of it costs no more than one of 1,000. */
export const largeRun: Benchmark = {
  name: 'large-run',
  async run(progress) {
    const receiver = await startReceiver()
    const figures = [await timePerHop(receiver, progress), await peakMemory(receiver, progress)]
    await receiver.stop()
    return figures
  },
}

async function timePerHop(receiver: Measured, progress: (line: string) => void): Promise<Figure> {
  const services = await startServices(receiver)
  const perHop = async (count: number) => {
    const { elapsed_s } = await services.run('fanout', hopsQuery(count, concurrency))
    await services.exported()
    return (elapsed_s * 1e6) / count
  }
  for (let warm = 0; warm < 3; warm++) await perHop(1000)
  const small: number[] = []
  const large: number[] = []
  for (let round = 0; round < rounds; round++) {
    progress(`large run, round ${round + 1} of ${rounds}`)
    for (let part = 0; part < 5; part++) small.push(await perHop(1000))
    large.push(await perHop(fanout))
  }
  await services.stop()
  return {
    name: 'fan-out 10,000, time per hop',
    measured: `${median(large).toFixed(0)} µs`,
    floor: `${median(small).toFixed(0)} µs at 1,000`,
    ratio: median(large) / median(small),
    limit: 1.15,
  }
}

/** Of an agent that plays nothing else: how much garbage V8 keeps between runs is its own affair. */
async function peakMemory(receiver: Measured, progress: (line: string) => void): Promise<Figure> {
  const peaks: number[] = []
  for (let round = 0; round < rounds; round++) {
    progress(`memory of a large run, round ${round + 1} of ${rounds}`)
    const services = await startServices(receiver)
    await services.run('fanout', hopsQuery(fanout, concurrency))
    await services.exported()
    peaks.push(await services.agent.peakMb())
    await services.stop()
  }
  const peakMb = Math.max(...peaks)
  return {
    name: 'fan-out 10,000, peak memory of agent-app',
    measured: `${peakMb.toFixed(0)} MB`,
    floor: `${memoryLimitMb} MB allowed`,
    ratio: peakMb / memoryLimitMb,
    limit: 1,
  }
}
