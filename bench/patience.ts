import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from './benchmark.ts'

/** How long it takes `url` to answer, ms, asked again and again for as long as `busy` is under way. */
export async function waitsDuring(url: string, busy: Promise<unknown>): Promise<number[]> {
  let isOver = false
  const end = () => void (isOver = true)
  busy.then(end, end)
  const ms: number[] = []
  while (!isOver) {
    const start = performance.now()
    await (await fetch(url)).arrayBuffer()
    ms.push(performance.now() - start)
    await sleep(20)
  }
  await busy
  return ms
}

/** The wait that one in a hundred exceeds, and what is allowed. */
export function patience(name: string, ms: readonly number[], limitMs: number): Figure {
  const p99 = ms.toSorted((a, b) => a - b)[Math.ceil(ms.length * 0.99) - 1] as number
  return {
    name: `${name}, p99`,
    measured: `${p99.toFixed(0)} ms`,
    floor: `${limitMs} ms allowed`,
    ratio: p99 / limitMs,
    limit: 1,
  }
}
