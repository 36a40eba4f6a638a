import { readEnvironment } from 'service-kit/environment'
import { integer, text } from 'contract/scalars'
import { answersToken, serviceVariables } from 'service-kit/settings'
import { z } from 'zod'

const { HOST, ALLOWED_HOSTS, DRAIN_TIMEOUT_S } = serviceVariables({ port: 4319, serviceName: 'trace-inspector' })

const schema = z.object({
  INSPECTOR_PORT: integer({ min: 0, max: 65_535, default: 4319, description: 'Port to listen on' }),
  HOST,
  ALLOWED_HOSTS,
  AGENT_URLS: text({
    pattern: /^(dns\+)?https?:\/\/[^\s,]+(\s*,\s*(dns\+)?https?:\/\/[^\s,]+)*$/,
    expected: 'http or https URLs with commas between them, with dns+ before one that names all replicas',
    default: 'http://127.0.0.1:8080,http://127.0.0.1:8082',
    description:
      'The agents whose ledgers traces are verified against; `dns+http://…` asks every address behind the name',
  }),
  INSPECTOR_MIB: integer({ min: 1, max: 65_536, default: 256, description: 'What received spans may take, MiB' }),
  ANSWERS_TOKEN: answersToken(),
  DRAIN_TIMEOUT_S,
})
export type Config = Readonly<z.output<typeof schema>>

/** The environment as configuration; throws an EnvironmentError that lists every bad variable. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  return readEnvironment(schema, environment)
}

export const configSchema = schema
