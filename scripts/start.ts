// npm start: all services as processes of this machine, until Ctrl-C.
import { EnvironmentError } from 'service-kit/environment'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { runMain } from 'service-kit/main'
import { z } from 'zod'
import { defineCommand, runCommand } from '../cli/command.ts'
import { guide } from './guide.ts'
import { findPortTrouble } from './ports.ts'
import { readSetup, setupSchema } from './services.ts'
import { supervise } from './supervisor.ts'

/** What is set by the environment alone, for Compose takes the same. */
function variables(): string {
  const { properties = {} } = z.toJSONSchema(setupSchema, { io: 'input' })
  const all = Object.entries(properties as Record<string, { description?: string; default?: unknown }>)
  return [
    'It takes no options but variables of the environment:',
    ...all.map(([name, { description, default: preset }]) => `  ${name}\n      ${description} (${String(preset)})`),
    '  OTEL_EXPORTER_OTLP_ENDPOINT\n      Where spans go (trace-inspector)',
    '',
    'docs/reference.md lists all others, under "Configuration".',
  ].join('\n')
}

/** Ends the process. */
const start = () =>
  runMain('npm start', async () => {
    const setup = readSetup(process.env)
    keepLoopbackDirect(process.env, setup.host)
    const trouble = await findPortTrouble(setup)
    if (trouble.length > 0) throw new EnvironmentError(trouble.map((line) => `\n  ${line}`).join(''))
    process.exit(await supervise(setup, process.env, () => console.log(guide(setup))))
  })

await runCommand(
  defineCommand({
    name: 'npm start --',
    description: 'Starts two agents, their tools and trace-inspector on this machine; Ctrl-C ends them',
    args: {},
    notes: variables(),
    run: async () => {
      await start()
      return 0
    },
  }),
)
