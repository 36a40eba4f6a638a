// npm start: all services as processes of this machine, until Ctrl-C.
import { parseArgs } from 'node:util'
import { EnvironmentError } from 'service-kit/environment'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { runMain } from 'service-kit/main'
import { z } from 'zod'
import { guide } from './guide.ts'
import { findPortTrouble } from './ports.ts'
import { readSetup, setupSchema } from './services.ts'
import { supervise } from './supervisor.ts'

/** Everything is a variable of the environment, for Compose takes the same. */
function usage(): string {
  const { properties = {} } = z.toJSONSchema(setupSchema, { io: 'input' })
  const variables = Object.entries(properties as Record<string, { description?: string; default?: unknown }>)
  return [
    'npm start [-- --help]',
    '',
    'Starts two agents, their tools and trace-inspector on this',
    'machine. Ctrl-C ends them.',
    '',
    'It takes no options but variables of the environment:',
    ...variables.map(
      ([name, { description, default: preset }]) => `  ${name}\n      ${description} (${String(preset)})`,
    ),
    '  OTEL_EXPORTER_OTLP_ENDPOINT\n      Where spans go (trace-inspector)',
    '',
    'docs/reference.md lists all others, under "Configuration".',
  ].join('\n')
}

/** Whether help was asked for, which is all that can be; undefined when it was something else, which is told. */
function readHelp(args: string[]): boolean | undefined {
  try {
    return parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } }).values.help ?? false
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage()}`)
    return undefined
  }
}

const wantsHelp = readHelp(process.argv.slice(2))
if (wantsHelp === undefined) process.exit(2)
if (wantsHelp) {
  console.log(usage())
  process.exit()
}

await runMain('npm start', async () => {
  const setup = readSetup(process.env)
  keepLoopbackDirect(process.env, setup.host)
  const trouble = await findPortTrouble(setup)
  if (trouble.length > 0) throw new EnvironmentError(trouble.map((line) => `\n  ${line}`).join(''))
  process.exit(await supervise(setup, process.env, () => console.log(guide(setup))))
})
