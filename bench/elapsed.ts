import { type Benchmark, median } from './benchmark.ts'
import { startServices } from './pair.ts'
import { startReceiver } from './processes.ts'

const rounds = 7

const runs = [
  {
    name: 'fan-out 100/20/80, elapsed',
    scenario: 'fanout',
    query: 'fanout=100&concurrency=20&delay_ms=80&stragglers=0&jitter=0&thoughts=0',
    limit: 1.1,
  },
  { name: 'chain 60 × 80, elapsed', scenario: 'chain', query: 'depth=60&delay_ms=80&jitter=0&thoughts=0', limit: 1.04 },
]

/** How much longer a run takes than the times that were drawn for it: our own overhead. The floor is the run's `ideal_ms`. */
export const elapsed: Benchmark = {
  name: 'elapsed',
  async run(progress) {
    const receiver = await startReceiver()
    const services = await startServices(receiver)
    const figures = []
    for (const { name, scenario, query, limit } of runs) {
      progress(name)
      await services.run(scenario, query)
      const results = []
      for (let round = 0; round < rounds; round++) results.push(await services.run(scenario, query))
      const ms = median(results.map(({ elapsed_s }) => elapsed_s * 1000))
      const idealMs = median(results.map(({ summary }) => summary.ideal_ms))
      figures.push({
        name,
        measured: `${ms.toFixed(0)} ms`,
        floor: `${idealMs.toFixed(0)} ms drawn`,
        ratio: ms / idealMs,
        limit,
      })
    }
    await services.stop()
    await receiver.stop()
    return figures
  },
}
