import { once } from 'node:events'
import { startListening } from '../scripts/pair.ts'
import { serviceArgs } from '../scripts/service-args.ts'

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

/** Starts `node ...args` in `folder` and waits until it says where it listens. It goes when this process does. */
export async function start(folder: string, args: string[], env: Record<string, string> = {}): Promise<Measured> {
  const { url, process: child, stop } = await startListening(folder, ['--import', probe, ...args], env)
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
    stop: async () => void (await stop()),
  }
}

export const startTools = (env: Record<string, string>) => start('tool-service', serviceArgs, env)
export const startAgent = (env: Record<string, string>) => start('agent-app', serviceArgs, env)
export const startReceiver = () => start('bench', ['receiver.ts'])
