import { Worker } from 'node:worker_threads'
import { connect, type Remote } from './remote.ts'
import { Shard, type ShardOptions, type Surroundings } from './shard.ts'

/** Shards that play side by side; unit u belongs to shard u % `shards.length`. */
export interface Crew {
  shards: readonly Remote<Shard>[]
  stop(): Promise<void>
}

/** One shard in this thread, or several in threads of their own. */
export function startCrew(workers: number, options: ShardOptions, around: Surroundings): Crew {
  if (workers === 1) return { shards: [new Shard(options, around)], async stop() {} }
  const threads = Array.from({ length: workers }, () => {
    const thread = new Worker(new URL('worker.ts', import.meta.url), { workerData: options })
    const { remote, fail } = connect<Shard>(thread, {
      write: (...args: Parameters<Surroundings['write']>) => around.write(...args),
      tell: (...args: Parameters<Surroundings['tell']>) => around.tell(...args),
    })
    thread.on('error', fail)
    thread.on('exit', (code) => fail(new Error(`A worker ended by itself, with ${code}`)))
    return { thread, remote }
  })
  return {
    shards: threads.map(({ remote }) => remote),
    async stop() {
      await Promise.all(threads.map(({ thread }) => thread.terminate()))
    },
  }
}
