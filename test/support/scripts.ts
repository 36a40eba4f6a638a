import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { cleanEnvironment, startHeard } from '../../scripts/process.ts'
import { deadAddress } from './ports.ts'
import type { Service } from './services.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A directory that is there until the test is over. */
async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scripts-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

export interface Ended {
  code: number | null
  /** Standard output and standard error, as they came. */
  output: string
}

export interface Script {
  process: ChildProcess
  ended: Promise<Ended>
  /** Resolves when the output has `text`; rejects when the script ends without. */
  shows(text: string | RegExp): Promise<unknown>
  /** What the script has left in the directory for temporary files. */
  leftovers(): Promise<string[]>
}

interface ScriptOptions {
  env?: Record<string, string>
  input?: string
  /** Who answers at the ports that scripts ask by default. Nobody does at the others, whatever listens there. */
  usual?: Partial<Record<UsualPort, string>>
}

/** Starts a shell script of this repository. Its standard input stays open unless `input` is given. */
export async function startScript(
  name: 'sanity_check.sh' | 'generate_scenarios.sh',
  args: string[],
  { env = {}, input, usual = {} }: ScriptOptions = {},
): Promise<Script> {
  const temporary = await temporaryDirectory()
  const started = startHeard(`${root}${name}`, args, {
    env: { ...cleanEnvironment(), ...(await redirected(usual)), TMPDIR: temporary, ...env },
  })
  onTestFinished(() => void started.process.kill())
  const { stdin } = started.process
  // One that refuses its options ends without having read anything.
  stdin?.on('error', () => {})
  if (input !== undefined) stdin?.end(input)
  return {
    process: started.process,
    ended: started.ended.then(({ code }) => ({ code, output: started.text() })),
    shows: (wanted) => started.until(typeof wanted === 'string' ? new RegExp(RegExp.escape(wanted)) : wanted),
    leftovers: () => readdir(temporary),
  }
}

export async function runScript(...args: Parameters<typeof startScript>): Promise<Ended> {
  const [name, words, options] = args
  const script = await startScript(name, words, { input: '', ...options })
  return script.ended
}

const usualPorts = [8080, 8081, 8082, 4318, 4319] as const
type UsualPort = (typeof usualPorts)[number]

/** An environment in which the addresses that scripts take by default lead elsewhere. */
async function redirected(addresses: Partial<Record<UsualPort, string>>): Promise<Record<string, string>> {
  const directory = await temporaryDirectory()
  const nowhere = await deadAddress()
  const options = usualPorts.map((port) => `--connect-to localhost:${port}:${new URL(addresses[port] ?? nowhere).host}`)
  const shim = `#!/bin/bash\nPATH=\${PATH#*:}\nexec curl "$@" ${options.join(' ')}\n`
  await writeFile(join(directory, 'curl'), shim, { mode: 0o755 })
  return { PATH: `${directory}:${process.env.PATH}` }
}

interface Answer {
  status: number
  type: string
  body: string
}

/** Stands in front of a service, hands every answer through `change`, and keeps the paths that were asked for. */
export async function startProxy(
  target: string,
  change: (answer: Answer, path: string) => Answer = (answer) => answer,
) {
  const paths: string[] = []
  const server = createServer((req, res) => {
    const path = req.url as string
    paths.push(path)
    void (async () => {
      const upstream = await fetch(`${target}${path}`, { headers: { accept: req.headers.accept ?? '*/*' } })
      const type = upstream.headers.get('content-type') ?? ''
      const answer = change({ status: upstream.status, type, body: await upstream.text() }, path)
      res.writeHead(answer.status, {
        'content-type': answer.type,
        'x-trace-id': upstream.headers.get('x-trace-id') ?? '',
      })
      res.end(answer.body)
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Resolves when a service has so many runs or calls under way. */
export async function untilInFlight(url: string, count: number): Promise<void> {
  const health = async () => (await fetch(`${url}/health`)).json()
  await expect.poll(health).toMatchObject({ in_flight: count })
}

/** Resolves when an agent has told of so many cancelled runs of a scenario: nobody waits for them any more. */
export async function untilCancelled(agent: Service, scenario: string, count: number): Promise<void> {
  const cancelled = () => agent.output.filter((line) => line.startsWith(`${scenario} cancelled `)).length
  await expect.poll(cancelled).toBe(count)
}
