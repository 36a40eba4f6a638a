import { readEnvironment } from 'service-kit/environment'
import { integer, number, text, url } from 'contract/scalars'
import { secretExpected, secretPattern } from 'contract/secret'
import { answersToken, environmentSchema, serviceVariables } from 'service-kit/settings'
import { z } from 'zod'

const schema = environmentSchema({
  ...serviceVariables({ port: 8080, serviceName: 'synthetic-agent-app' }),
  AGENT_NAME: text({
    pattern: /^[^\s:]{1,64}$/,
    expected: '1 to 64 characters without blanks and colons',
    description: 'Prefix of agent ids, to tell meshes apart',
  }),
  TOOL_BASE: url({ default: 'http://127.0.0.1:8081', description: 'Where the tools are' }),
  PEER_BASE: url({ description: 'The agent that is handed over to; unless set, this one itself, by HTTP as well' }),
  TOOL_DELAY_MS: number({
    min: 0,
    max: 600_000,
    description: "Default of delay_ms, and tool-service's own base latency",
  }),
  TOOL_ERROR_RATE: number({ min: 0, max: 1, default: 0, description: "Default of error_rate, and tool-service's own" }),
  TOOL_TIMEOUT_MS: integer({
    min: 1,
    max: 3_600_000,
    default: 10_000,
    description: 'How long a tool may take beyond the delay that it was asked for, ms',
  }),
  RUN_TIMEOUT_S: number({ min: 0, max: 86_400, default: 0, description: 'How long a run may take, s; 0 is for ever' }),
  MAX_TOOL_CALLS: integer({
    min: 1,
    max: 1_000_000,
    default: 10_000,
    description: 'Tool calls that all admitted runs together may have under way',
  }),
  LEDGER_MIB: integer({
    min: 1,
    max: 65_536,
    default: 32,
    description: 'What the ledgers of recent runs may take, MiB',
  }),
  RUN_SECRET: text({
    pattern: secretPattern,
    expected: secretExpected,
    description:
      'What blind runs draw with beside their seed, to repeat them; 128 random bits of the process unless set',
  }),
  LEDGER_SINK: text({
    pattern: /^(file:.+|https?:\/\/[^\s/?#@]+([/?#]\S*)?)$/,
    holds: (sink) => sink.startsWith('file:') || URL.canParse(sink),
    expected: 'file:DIR, or an http or https URL without credentials',
    description:
      'Where the ledger of each run that is over goes as well, a line of JSON each: `file:DIR`, or a URL that takes POST',
  }),
  ANSWERS_TOKEN: answersToken(),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: capture(),
})

/**
 * Where messages, tool arguments and results go: https://github.com/open-telemetry/opentelemetry-python-contrib/tree/main/util/opentelemetry-util-genai
 * has these words, and `true` and `false` are older. There are no events of content here, so that events alone are none of it.
 */
function capture() {
  const modes = ['NO_CONTENT', 'SPAN_ONLY', 'EVENT_ONLY', 'SPAN_AND_EVENT'] as const
  const older: Record<string, string> = { TRUE: 'SPAN_ONLY', '1': 'SPAN_ONLY', FALSE: 'NO_CONTENT', '0': 'NO_CONTENT' }
  const parse = (text: unknown) => {
    const word = typeof text === 'string' && text !== '' ? text.toUpperCase() : undefined
    return word === undefined ? undefined : (older[word] ?? word)
  }
  const schema = z.enum(modes, { error: `one of ${modes.join(', ')}, true, false` }).default('NO_CONTENT')
  return z.preprocess(
    parse,
    schema.meta({ description: 'Messages, tool arguments and results on spans; no event carries them' }),
  )
}

export type Config = Readonly<z.output<typeof schema>>

/** The environment as configuration; throws an EnvironmentError that lists every bad variable. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  return readEnvironment(schema, environment)
}

export function isContentOnSpans(config: Config): boolean {
  const mode = config.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT
  return mode === 'SPAN_ONLY' || mode === 'SPAN_AND_EVENT'
}

/** What is to be said where content is asked for on events; undefined where it is not. */
export function contentNote({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: mode }: Config): string | undefined {
  if (mode !== 'EVENT_ONLY' && mode !== 'SPAN_AND_EVENT') return undefined
  const where = mode === 'EVENT_ONLY' ? 'none is captured' : 'it is on spans alone'
  return `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=${mode}: no event here carries content, so ${where}`
}

/** For the documents that repeat it. */
export const configSchema = schema
