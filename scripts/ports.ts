import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Setup } from './services.ts'

/**
 * What keeps services from listening, a line each. Asked before anything starts: whoever has the port might answer in a
 * service's place, and a stack that is half up helps nobody.
 */
export async function findPortTrouble({ services, host }: Setup): Promise<string[]> {
  const lines = await Promise.all(
    services.map(async ({ name, port, portVariable }) => {
      const code = await tryPort(host, port)
      if (code === undefined) return []
      const reason =
        code === 'EADDRINUSE' ? `port ${port} on ${host} is in use` : `cannot listen on ${host}:${port}: ${code}`
      return [`${name}: ${reason}. ${portVariable} and HOST say where it listens.`]
    }),
  )
  return lines.flat()
}

/** Listens for a moment; resolves to the error's code when that fails. */
async function tryPort(host: string, port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    await once(server.listen({ host, port }), 'listening')
    await once(server.close(), 'close')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}
