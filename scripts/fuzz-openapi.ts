// npm run fuzz: asks every service what its /openapi.json says, and much that it does not say, and tells where the two differ.
// Needs Python 3 and PyPI; says so and exits 0 where they are missing.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineCommand, readWhole, runCommand } from '../cli/command.ts'
import { runParametersHeader } from 'contract/run-parameters'
import { exportingTo, type Service, startService } from './pair.ts'
import { startHeard } from './process.ts'

const fuzzer = 'schemathesis==4.32.5'
/** What a service may answer beside 2xx and 4xx because it was asked to, or is told to by its environment. A 500 never. */
const failures = { 'tool-service': [503], 'agent-app': [502, 503, 504], 'trace-inspector': [502, 503, 504] }

/** Runs and calls of an hour are legal; waiting for them finds nothing. */
const hasty = { RUN_TIMEOUT_S: '0.02', TOOL_MAX_DELAY_MS: '5' }

interface Fuzzer {
  /** The program, and a folder of its own. */
  command: string
  folder: string
  /** What it is told of how much and of what to ask. */
  options: string[]
}

/** The fuzzer's program in `folder`; undefined, and said why, where it cannot be had. */
function install(folder: string): string | undefined {
  const environment = join(folder, 'venv')
  const bin = join(environment, 'bin')
  const isDone = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
  if (!isDone('python3', '-m', 'venv', environment)) console.log('skipped: there is no Python 3 with venv here')
  else if (!isDone(join(bin, 'pip'), 'install', fuzzer)) console.log(`skipped: ${fuzzer} cannot be had from PyPI here`)
  else return join(bin, 'schemathesis')
  return undefined
}

/** Whether nothing was found. */
async function fuzzAll(by: Fuzzer): Promise<boolean> {
  const inspector = await startService('trace-inspector')
  const tools = await startService('tool-service', exportingTo(inspector.url))
  const agent = await startService('agent-app', { ...exportingTo(inspector.url), TOOL_BASE: tools.url, ...hasty })
  const hastyTools = await startService('tool-service', hasty)
  const watching = await startService('trace-inspector', { AGENT_URLS: agent.url })
  try {
    const found = await Promise.all([
      fuzz(by, 'tool-service', hastyTools),
      fuzz(by, 'agent-app', agent, ['--include-path', '/run']),
      fuzz(by, 'agent-app', agent, ['--exclude-path', '/run']),
      fuzz(by, 'trace-inspector', watching),
    ])
    return found.every((one) => !one)
  } finally {
    for (const service of [watching, agent, tools, hastyTools, inspector]) await service.stop()
  }
}

/** Whether something was found. Each has a process of its own: with several threads the fuzzer trips over Python 3.11's parser. */
async function fuzz(by: Fuzzer, name: keyof typeof failures, { url }: Service, only: string[] = []): Promise<boolean> {
  const config = join(by.folder, `${name}.toml`)
  const expected = JSON.stringify(['2xx', '3xx', '4xx', ...failures[name].map(String)])
  // Text that is a query of its own: no schema of a header says which names and values it takes.
  const fixed = `[parameters]\n"header.${runParametersHeader}" = ""\n`
  // Which arguments a tool takes that is called strictly depends on the tool.
  const accepted = JSON.stringify(['2xx', '3xx', '401', '403', '404', '409', '422', '429', '5xx'])
  const checks = `not_a_server_error.expected-statuses = ${expected}\npositive_data_acceptance.expected-statuses = ${accepted}\n`
  writeFileSync(config, `${fixed}[checks]\n${checks}`)
  const args = ['--config-file', config, 'run', `${url}/openapi.json`, ...by.options, ...only]
  const env = { ...process.env, NO_PROXY: '127.0.0.1' }
  const started = startHeard(by.command, args, { cwd: by.folder, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const { code } = await started.ended
  const isClean = code === 0
  const cases = /(\d+) generated/.exec(started.text())?.[1] ?? 'no'
  console.log(`${[name, ...only].join(' ')}: ${cases} requests, ${isClean ? 'nothing found' : started.text()}`)
  return !isClean
}

await runCommand(
  defineCommand({
    name: 'npm run fuzz --',
    description:
      'Asks every service what its /openapi.json says, and much that it does not say, and tells where the two differ',
    args: {
      examples: { type: 'string', valueHint: 'N', description: 'requests for each operation and check', default: '20' },
      seed: { type: 'string', valueHint: 'N', description: 'what requests are drawn from', default: '1' },
    },
    async run(args) {
      const examples = readWhole('--examples', args.examples, 1, 100_000)
      const seed = readWhole('--seed', args.seed, 0, 2 ** 32)
      const folder = mkdtempSync(join(tmpdir(), 'fuzz-openapi-'))
      process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
      const command = install(folder)
      if (command === undefined) return 0
      const options = ['--checks', 'all', '--max-examples', `${examples}`, '--seed', `${seed}`, '--warnings', 'off']
      // How fast the fuzzer gets on says nothing of the API.
      options.push('--suppress-health-check', 'too_slow')
      return (await fuzzAll({ command, folder, options })) ? 0 : 1
    },
  }),
)
