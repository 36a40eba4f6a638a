import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { serviceArgs } from '../scripts/service-args.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const probe = new URL('probe.ts', import.meta.url).href

/** A process whose use of the machine is known. */
export interface Measured {
  url: string
  /** CPU time of all its threads so far, ms. */
  cpuMs(): Promise<number>
  /** The most memory that it has held so far, MB. */
  peakMb(): Promise<number>
  stop(): Promise<void>
}

/** Nothing of the shell that runs the benchmarks is to decide what they measure. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const keep = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot']
  return Object.fromEntries(keep.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** Starts `node ...args` in `folder` and waits until it says where it listens. It goes when this process does. */
export async function start(folder: string, args: string[], env: Record<string, string> = {}): Promise<Measured> {
  const child = spawn(process.execPath, ['--import', probe, ...args], {
    cwd: root + folder,
    env: { ...cleanEnvironment(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const url = await listening(child, `${folder}/${args.at(-1)}`)
  const usage = async () => {
    child.send('usage')
    const [used] = (await once(child, 'message')) as [NodeJS.ResourceUsage]
    return used
  }
  return {
    url,
    async cpuMs() {
      const { userCPUTime, systemCPUTime } = await usage()
      return (userCPUTime + systemCPUTime) / 1000
    },
    peakMb: async () => ((await usage()).maxRSS * 1024) / 1e6,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

function listening(child: ChildProcess, name: string): Promise<string> {
  const output: string[] = []
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        if (output.length < 100) output.push(line)
        const found = /listens on (http:\S+)/.exec(line)
        if (found) resolve(found[1] as string)
      })
    }
    child.once('exit', (code) => reject(new Error(`${name} exited with ${code}:\n${output.join('\n')}`)))
  })
}

export const startTools = (env: Record<string, string>) => start('tool-service', serviceArgs, env)
export const startAgent = (env: Record<string, string>) => start('agent-app', serviceArgs, env)
export const startReceiver = () => start('bench', ['receiver.ts'])
