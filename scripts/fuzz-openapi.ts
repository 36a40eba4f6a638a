// npm run fuzz: asks every service what its /openapi.json says, and much that it does not say, and tells where the two differ.
// Needs Python 3 and PyPI; says so and exits 0 where they are missing. [--examples N] [--seed N]
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { exportingTo, type Service, startService } from './pair.ts'

const fuzzer = 'schemathesis==4.32.5'
/** What a service may answer beside 2xx and 4xx because it was asked to, or is told to by its environment. A 500 never. */
const failures = { 'tool-service': [503], 'agent-app': [502, 503, 504], 'trace-inspector': [502, 503, 504] }

/** Runs and calls of an hour are legal; waiting for them finds nothing. */
const hasty = { RUN_TIMEOUT_S: '0.02', TOOL_MAX_DELAY_MS: '5' }

const { values } = parseArgs({
  options: { examples: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
})
const folder = mkdtempSync(join(tmpdir(), 'fuzz-openapi-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const python = install()
if (python) process.exitCode = (await fuzzAll(python)) ? 0 : 1

/** The fuzzer in a folder of its own; undefined, and said why, where it cannot be had. */
function install(): string | undefined {
  const environment = join(folder, 'venv')
  const bin = join(environment, 'bin')
  const isDone = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
  if (!isDone('python3', '-m', 'venv', environment)) console.log('skipped: there is no Python 3 with venv here')
  else if (!isDone(join(bin, 'pip'), 'install', fuzzer)) console.log(`skipped: ${fuzzer} cannot be had from PyPI here`)
  else return join(bin, 'schemathesis')
  return undefined
}

async function fuzzAll(command: string): Promise<boolean> {
  const inspector = await startService('trace-inspector')
  const tools = await startService('tool-service', exportingTo(inspector.url))
  const agent = await startService('agent-app', { ...exportingTo(inspector.url), TOOL_BASE: tools.url, ...hasty })
  const hastyTools = await startService('tool-service', hasty)
  const watching = await startService('trace-inspector', { AGENT_URLS: agent.url })
  try {
    const found = await Promise.all([
      fuzz(command, 'tool-service', hastyTools),
      fuzz(command, 'agent-app', agent, ['--include-path', '/run']),
      fuzz(command, 'agent-app', agent, ['--exclude-path', '/run']),
      fuzz(command, 'trace-inspector', watching),
    ])
    return found.every((one) => !one)
  } finally {
    for (const service of [watching, agent, tools, hastyTools, inspector]) await service.stop()
  }
}

/** Whether something was found. Each has a process of its own: with several threads the fuzzer trips over Python 3.11's parser. */
async function fuzz(command: string, name: keyof typeof failures, { url }: Service, only: string[] = []) {
  const config = join(folder, `${name}.toml`)
  const expected = JSON.stringify(['2xx', '3xx', '4xx', ...failures[name].map(String)])
  writeFileSync(config, `[checks]\nnot_a_server_error.expected-statuses = ${expected}\n`)
  const options = ['--checks', 'all', '--max-examples', values.examples, '--seed', values.seed, '--warnings', 'off']
  // How fast the fuzzer gets on says nothing of the API.
  options.push('--suppress-health-check', 'too_slow')
  const args = ['--config-file', config, 'run', `${url}/openapi.json`, ...options, ...only]
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, NO_PROXY: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const output = text(child.stdout)
  const [status] = (await once(child, 'close')) as [number | null]
  const isClean = status === 0
  const cases = /(\d+) generated/.exec(await output)?.[1] ?? 'no'
  console.log(`${[name, ...only].join(' ')}: ${cases} requests, ${isClean ? 'nothing found' : await output}`)
  return !isClean
}
