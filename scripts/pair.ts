import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { serviceArgs } from './service-args.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// Whoever starts a pair asks it.
keepLoopbackDirect(process.env)

export interface Service {
  url: string
  process: ChildProcess
  /** All that it has written. */
  output: string[]
  /** Ends it as a user would, and waits for it. Resolves to the exit code. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** Nothing of the shell is to decide what a process does, but for what it is given. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(OTEL_|ALSO_SEND_|TOOL_|AGENT_|SECONDARY_|INSPECTOR_|SPAN_|SERVICE_NAME|PORT|HOST|ALLOWED_HOSTS)|_TIMEOUT_S$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

/** Starts a service as its own npm script does, on a free port, and waits until it listens. */
export async function startService(
  name: 'agent-app' | 'tool-service' | 'trace-inspector',
  env: Record<string, string> = {},
): Promise<Service> {
  const args = name === 'trace-inspector' ? ['src/main.ts'] : serviceArgs
  const ports = { PORT: '0', INSPECTOR_PORT: '0' }
  const child = spawn(process.execPath, args, {
    cwd: `${root}${name}`,
    env: { ...cleanEnvironment(), ...ports, OTEL_TRACES_EXPORTER: 'none', OTEL_BSP_SCHEDULE_DELAY: '50', ...env },
    // The channel ends the service when this process is gone, however it went.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  child.channel?.unref()
  const output: string[] = []
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as Readable }).on('line', (line) => {
        output.push(line)
        const listening = /listens on (http:\S+)/.exec(line)
        if (listening) resolve(listening[1] as string)
      })
    }
    child.once('exit', (code) => reject(new Error(`${name} exited with ${code}:\n${output.join('\n')}`)))
  })
  return {
    url,
    process: child,
    output,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
      return child.exitCode
    },
  }
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
