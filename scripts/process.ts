import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'

/** How a process ended: by itself, by a signal, or never begun. */
export interface End {
  code: number | null
  signal: NodeJS.Signals | null
  error?: Error
}

export interface Started {
  process: ChildProcess
  /** Resolves when it is gone and all that it wrote has been read. */
  ended: Promise<End>
  /** Sends it a signal (SIGTERM), and waits for it. */
  stop: (signal?: NodeJS.Signals) => Promise<End>
}

/** Starts a process; never throws, for `ended` tells of one that could not be started. */
export function startProcess(command: string, args: readonly string[], options: SpawnOptions): Started {
  const child = spawn(command, args, options)
  const ended = new Promise<End>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    process: child,
    ended,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

/** A process that somebody listens to. */
export interface Heard extends Started {
  /** All that it has written so far, to standard output and standard error, as it came. */
  text: () => string
  /** Resolves to the first match in its text; rejects when it ends without one. */
  until: (pattern: RegExp) => Promise<RegExpExecArray>
}

/** Starts a process whose standard output and standard error are pipes, and keeps all that comes out of them. */
export function startHeard(command: string, args: readonly string[], options: SpawnOptions): Heard {
  const started = startProcess(command, args, options)
  let text = ''
  const looks = new Set<() => void>()
  for (const stream of [started.process.stdout, started.process.stderr]) {
    stream?.setEncoding('utf8').on('data', (more: string) => {
      text += more
      for (const look of looks) look()
    })
  }
  return {
    ...started,
    text: () => text,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(text)
          if (!match) return
          looks.delete(look)
          resolve(match)
        }
        looks.add(look)
        look()
        void started.ended.then((end) => {
          const name = [command, ...args].join(' ')
          reject(new Error(`${name} ${howItEnded(end)} before it wrote ${String(pattern)}:\n${text}`))
        })
      }),
  }
}

/** The rest of a sentence that begins with a name. */
export function howItEnded({ code, signal, error }: End): string {
  if (error) return `could not be started: ${error.message}`
  return signal ? `was ended by ${signal}` : `ended with exit code ${code}`
}

/** What any program needs of the environment. Nothing else of the shell decides what is started for a test or a benchmark. */
const needed = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'SystemRoot',
  'LANG',
  'LC_ALL',
  'NO_PROXY',
  'no_proxy',
  'NODE_COMPILE_CACHE',
]

export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(needed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
