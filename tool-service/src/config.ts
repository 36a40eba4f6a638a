import { readEnvironment } from 'service-kit/environment'
import { number } from 'contract/scalars'
import { longestDelayMs } from 'contract/tool'
import { environmentSchema, serviceVariables } from 'service-kit/settings'
import type { z } from 'zod'

const schema = environmentSchema({
  ...serviceVariables({ port: 8081, serviceName: 'synthetic-tool-service' }),
  TOOL_DELAY_MS: number({ min: 0, max: 600_000, default: 80, description: 'Base latency of a tool, ms' }),
  TOOL_MAX_DELAY_MS: number({
    min: 0,
    max: longestDelayMs,
    default: longestDelayMs,
    description: 'The most that a tool may be asked to take, ms',
  }),
  TOOL_ERROR_RATE: number({ min: 0, max: 1, default: 0, description: 'Probability that a tool fails' }),
})
export type Config = Readonly<z.output<typeof schema>>

/** The environment as configuration; throws an EnvironmentError that lists every bad variable. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  return readEnvironment(schema, environment)
}

/** For the documents that repeat it. */
export const configSchema = schema
