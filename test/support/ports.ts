import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Systems hand out ports from 32,768 or 49,152 on to whoever asks for any: one below that stays free until it is named. */
const lowest = 17_000
const highest = 32_000
const taken = new Set<number>()

/** A port on which nothing listens, and that no other test of this process was given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest)
    if (taken.has(port) || !(await isFree(port))) continue
    taken.add(port)
    return port
  }
}

/** An address where nothing listens. */
export async function deadAddress(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}

/** Whether neither this machine's loopback nor all of its addresses have the port. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen({ port, exclusive: true }), 'listening')
    await once(server.close(), 'close')
    return true
  } catch {
    return false
  }
}
