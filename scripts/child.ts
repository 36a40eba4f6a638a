import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { howItEnded, startProcess } from './process.ts'
import { environmentOf, type Service } from './services.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A service's process. */
export interface Child {
  service: Service
  /** Resolves when the process has ended and all that it wrote is shown, to how it ended, in words. */
  ended: Promise<string>
  /** Asks it to end, and makes it when it has not within `deadlineMs`. Resolves to whether it had to be made to. */
  stop: (deadlineMs: number) => Promise<boolean>
  kill: () => void
}

/**
 * Starts a service in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor; its lines are shown
 * with `prefix`. The channel between the two tells the service when the supervisor is gone, even by SIGKILL.
 */
export function startChild(service: Service, environment: NodeJS.ProcessEnv, prefix: string): Child {
  const {
    process: child,
    ended,
    stop,
  } = startProcess(process.execPath, service.args, {
    // What `ps` shows: which process is which.
    argv0: service.name,
    cwd: root + service.folder,
    env: environmentOf(service, environment),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  if (child.stdout) showLines(child.stdout, process.stdout, prefix)
  if (child.stderr) showLines(child.stderr, process.stderr, prefix)
  return {
    service,
    ended: ended.then(howItEnded),
    kill: () => void child.kill('SIGKILL'),
    async stop(deadlineMs) {
      let hung = false
      const timer = setTimeout(() => (hung = child.kill('SIGKILL')), deadlineMs)
      await stop()
      clearTimeout(timer)
      return hung
    },
  }
}

function showLines(from: Readable, to: NodeJS.WritableStream, prefix: string): void {
  createInterface({ input: from, crlfDelay: Infinity }).on('line', (line) => to.write(`${prefix}${line}\n`))
}
