import { type Benchmark, type Figure, median } from './benchmark.ts'
import { allInstrumentations, type Pair, startFloor, startServices } from './pair.ts'
import { startReceiver } from './processes.ts'

const hops = 4000
const concurrency = 50
const rounds = 9

/**
 * CPU time of agent and tools together for one hop: the call, its four spans (worker, tool call, CLIENT, SERVER), the
 * ledger and the export. The floor is the same hop through undici and Express with nothing of that. Rounds of all
 * contestants are interleaved, so that other load on the machine meets them alike.
 */
export const hopCost: Benchmark = {
  name: 'hop-cost',
  async run(progress) {
    const receiver = await startReceiver()
    const floor = 'Express + undici, untraced'
    const contestants: Record<string, Pair> = {
      [floor]: await startFloor('express-tool'),
      'node:http + undici, untraced': await startFloor('http-tool'),
      'traced, as shipped': await startServices(receiver),
      'traced, protobuf': await startServices(receiver, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }),
      'SDK off': await startServices(receiver, { OTEL_SDK_DISABLED: 'true' }),
      'all auto-instrumentations': await startServices(receiver, {
        OTEL_NODE_ENABLED_INSTRUMENTATIONS: allInstrumentations(),
      }),
    }
    const samples = new Map<string, number[]>()
    for (let round = -1; round < rounds; round++) {
      progress(`hop cost, round ${round + 1} of ${rounds}`)
      for (const [name, pair] of Object.entries(contestants)) {
        const before = await pair.cpuMs()
        await pair.hops(hops, concurrency)
        const us = (((await pair.cpuMs()) - before) / hops) * 1000
        // The first round warms up.
        if (round >= 0) samples.set(name, [...(samples.get(name) ?? []), us])
      }
    }
    for (const pair of Object.values(contestants)) await pair.stop()
    await receiver.stop()
    const floors = samples.get(floor) as number[]
    return [...samples].map(([name, values]): Figure => {
      // A ratio within each round, where load was alike for both.
      const ratio = median(values.map((us, round) => us / (floors[round] as number)))
      const figure = {
        name: `hop: ${name}`,
        measured: `${median(values).toFixed(0)} µs CPU`,
        floor: `${median(floors).toFixed(0)} µs`,
        ratio,
      }
      return name === 'traced, as shipped' ? { ...figure, limit: 2.2 } : figure
    })
  },
}
