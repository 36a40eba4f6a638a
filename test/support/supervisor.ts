import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment, startHeard } from '../../scripts/process.ts'
import { freePort } from './ports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** `npm start` as a real process, with ports that nobody else has. */
export interface Supervisor {
  pid: number
  ports: { AGENT_PORT: number; SECONDARY_PORT: number; TOOL_PORT: number; INSPECTOR_PORT: number }
  /** All that was printed so far. */
  output: () => string
  /** Resolves when the output matches; rejects when the process ends without. */
  until: (pattern: RegExp) => Promise<unknown>
  /** Resolves to the exit code, and to the signal's name where there is none. */
  ended: Promise<number | string>
  /** The services' processes, by name. */
  services: () => Map<string, number>
}

/** Starts the supervisor, by `node` itself or by npm in a process group of its own. */
export async function startSupervisor(
  environment: Record<string, string> = {},
  by: 'node' | 'npm' = 'node',
  options: string[] = [],
): Promise<Supervisor> {
  const ports = {
    AGENT_PORT: await freePort(),
    SECONDARY_PORT: await freePort(),
    TOOL_PORT: await freePort(),
    INSPECTOR_PORT: await freePort(),
  }
  const portTexts = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]))
  const [command, ...args] = by === 'npm' ? ['npm', 'start'] : [process.execPath, 'scripts/start.ts', ...options]
  const started = startHeard(command, args, {
    cwd: root,
    env: { ...cleanEnvironment(), OTEL_SDK_DISABLED: 'true', ...portTexts, ...environment },
    detached: by === 'npm',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pid = started.process.pid as number
  return {
    pid,
    ports,
    output: started.text,
    until: started.until,
    ended: started.ended.then(({ code, signal }) => (code ?? signal) as number | string),
    services: () => servicesBelow(pid),
  }
}

/** Whether a process is there; one that has ended and only waits to be asked how (a zombie) is not. */
export function isAlive(pid: number): boolean {
  return processes().some((one) => one.pid === pid && !one.state.startsWith('Z'))
}

function processes() {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state = '', name = '']) => ({ pid: Number(pid), parent: Number(parent), state, name }))
}

/** The supervisor names its processes; what is between it and `pid` is npm's. */
function servicesBelow(pid: number): Map<string, number> {
  const all = processes()
  const below = (parent: number): typeof all =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)])
  const known = ['tool-service', 'agent-app', 'agent-app-secondary', 'trace-inspector']
  return new Map(
    below(pid)
      .filter(({ name }) => known.includes(name))
      .map((one) => [one.name, one.pid]),
  )
}
