import { setTimeout as sleep } from 'node:timers/promises'
import { onStopSignal } from 'service-kit/signals'
import { type Child, startChild } from './child.ts'
import { type Setup, urlOf } from './services.ts'

/**
 * Runs the services until the process is asked to stop or one of them ends; then ends all of them, each before those that
 * it uses. Calls `whenReady` once all take work. Resolves to the exit code: 0 only after a stop that was asked for.
 */
export async function supervise(
  { services, host, stopMs }: Setup,
  environment: NodeJS.ProcessEnv,
  whenReady: () => void,
): Promise<number> {
  const stopAsked = new Promise<undefined>((resolve) => {
    onStopSignal(
      () => resolve(undefined),
      () => {
        for (const child of children) child.kill()
        console.error('Asked twice: ended at once.')
        process.exit(1)
      },
    )
    // Nobody reads the output any more: `npm start | head`, or a terminal that was closed.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => resolve(undefined))
  })
  const width = Math.max(...services.map(({ name }) => name.length))
  const children = services.map((service) => startChild(service, environment, `${service.name.padEnd(width)} | `))

  const stopping = new AbortController()
  void allReady(children, host, stopping.signal).then((ready) => ready && whenReady())
  const failure = await Promise.race([
    stopAsked,
    ...children.map(async ({ service: { name, port, portVariable }, ended }) => {
      const how = await ended
      return `${name} (port ${port}, ${portVariable}) ${how}; what it said last is above. Ending the others …`
    }),
  ])
  stopping.abort()
  if (failure) console.error(failure)
  else console.log('Stopping: runs may end, and spans leave. Once more ends all at once.')
  const hung = await stopAll(children, stopMs)
  for (const { service } of hung) console.error(`${service.name} did not end within ${stopMs / 1000} s and was killed.`)
  return failure || hung.length > 0 ? 1 : 0
}

/** Stops each child once those that use it have ended; resolves to the ones that had to be killed. */
async function stopAll(children: Child[], stopMs: number): Promise<Child[]> {
  const hung = await Promise.all(
    children.map(async (child) => {
      const users = children.filter(({ service }) => service.uses.includes(child.service.name))
      await Promise.all(users.map(({ ended }) => ended))
      return (await child.stop(stopMs)) ? [child] : []
    }),
  )
  return hung.flat()
}

/** Resolves to true when all children answer that they are ready, and to false when that is not wanted any more. */
async function allReady(children: Child[], host: string, signal: AbortSignal): Promise<boolean> {
  await Promise.all(
    children.map(async ({ service: { port, readyPath } }) => {
      while (!signal.aborted && !(await answers(urlOf(host, port) + readyPath))) await sleep(100)
    }),
  )
  return !signal.aborted
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
