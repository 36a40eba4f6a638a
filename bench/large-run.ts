import { type Benchmark, median } from './benchmark.ts'
import { hopsQuery, startServices } from './pair.ts'
import { startReceiver } from './processes.ts'

const rounds = 3
const memoryLimitMib = 400

/** A fan-out of 10,000 at concurrency 500: what it takes in memory, and that a hop of it costs no more than one of 1,000. */
export const largeRun: Benchmark = {
  name: 'large-run',
  async run(progress) {
    const receiver = await startReceiver()
    const services = await startServices(receiver)
    const perHop = async (fanout: number) => {
      const { elapsed_s } = await services.run('fanout', hopsQuery(fanout, 500))
      await services.exported()
      return (elapsed_s * 1e6) / fanout
    }
    for (let warm = 0; warm < 3; warm++) await perHop(1000)
    const small: number[] = []
    const large: number[] = []
    for (let round = 0; round < rounds; round++) {
      progress(`large run, round ${round + 1} of ${rounds}`)
      for (let part = 0; part < 5; part++) small.push(await perHop(1000))
      large.push(await perHop(10_000))
    }
    const peakMib = await services.agent.peakMib()
    await services.stop()
    await receiver.stop()
    return [
      {
        name: 'fan-out 10,000, time per hop',
        measured: `${median(large).toFixed(0)} µs`,
        floor: `${median(small).toFixed(0)} µs at 1,000`,
        ratio: median(large) / median(small),
        limit: 1.15,
      },
      {
        name: `fan-out 10,000 × ${rounds}, peak memory of agent-app`,
        measured: `${peakMib.toFixed(0)} MiB`,
        floor: `${memoryLimitMib} MiB allowed`,
        ratio: peakMib / memoryLimitMib,
        limit: 1,
      },
    ]
  },
}
