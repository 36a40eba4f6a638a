import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
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
  const child = spawn(process.execPath, service.args, {
    // What `ps` shows: which process is which.
    argv0: service.name,
    cwd: root + service.folder,
    env: environmentOf(service, environment),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  showLines(child.stdout!, process.stdout, prefix)
  showLines(child.stderr!, process.stderr, prefix)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('close', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`))
  })
  return {
    service,
    ended,
    kill: () => void child.kill('SIGKILL'),
    async stop(deadlineMs) {
      let hung = false
      child.kill('SIGTERM')
      const timer = setTimeout(() => (hung = child.kill('SIGKILL')), deadlineMs)
      await ended
      clearTimeout(timer)
      return hung
    },
  }
}

function showLines(from: Readable, to: NodeJS.WritableStream, prefix: string): void {
  createInterface({ input: from, crlfDelay: Infinity }).on('line', (line) => to.write(`${prefix}${line}\n`))
}
