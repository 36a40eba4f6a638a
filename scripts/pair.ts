import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { cleanEnvironment, startHeard } from './process.ts'
import { serviceArgs } from './service-args.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// Whoever starts a pair asks it.
keepLoopbackDirect(process.env)

export interface Service {
  url: string
  process: ChildProcess
  /** The lines that it has written so far. */
  readonly output: string[]
  /** Ends it as a user would, and waits for it. Resolves to the exit code. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** Starts `node ...args` in a folder of this repository, and waits until it says where it listens. */
export async function startListening(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Service> {
  const started = startHeard(process.execPath, args, {
    cwd: root + folder,
    env: { ...cleanEnvironment(), PORT: '0', ...env },
    // The channel ends the service when this process is gone, however it went.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  started.process.channel?.unref()
  const [, url] = await started.until(/listens on (http:\S+)\s/)
  return {
    url: url as string,
    process: started.process,
    get output() {
      return started.text().split(/\r?\n/).slice(0, -1)
    },
    stop: async (signal) => (await started.stop(signal)).code,
  }
}

/** Starts a service as its own npm script does, on a free port; it sends no spans unless `env` says so. */
export function startService(
  name: 'agent-app' | 'tool-service' | 'trace-inspector',
  env: Record<string, string> = {},
): Promise<Service> {
  const args = name === 'trace-inspector' ? ['src/main.ts'] : serviceArgs
  const shared = { INSPECTOR_PORT: '0', OTEL_TRACES_EXPORTER: 'none', OTEL_BSP_SCHEDULE_DELAY: '50' }
  // A tool that is there is waited for, however busy the machine is.
  const patient = name === 'agent-app' && { TOOL_TIMEOUT_MS: '240000' }
  return startListening(name, args, { ...shared, ...patient, ...env })
}

export interface Pair {
  agent: Service
  tools: Service
  stop: () => Promise<void>
}

/** tool-service, and an agent-app that uses it; `env` goes to both. */
export async function startPair(
  env: Record<string, string> = {},
  agentEnv: Record<string, string> = {},
): Promise<Pair> {
  const tools = await startService('tool-service', env)
  const agent = await startService('agent-app', { TOOL_BASE: tools.url, ...env, ...agentEnv })
  return {
    agent,
    tools,
    async stop() {
      await agent.stop()
      await tools.stop()
    },
  }
}

/** What makes a pair export to a receiver. */
export const exportingTo = (url: string) => ({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: url })
