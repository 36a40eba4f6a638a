import { parseArgs } from 'node:util'

export const usage = `npm run verify -- [options]

Runs scenarios and says of each whether all of its spans arrived, once and unchanged, and what they reveal.

  --agent URL        the agent to run them on              (AGENT_BASE, http://127.0.0.1:8080)
  --inspector URL    the trace-inspector at the other end  (INSPECTOR_BASE, http://127.0.0.1:4319)
  --from jaeger=URL  read the traces back from Jaeger instead, by its query API
  --scenario NAME…   only these; parameters may follow: 'fanout?fanout=1000&delay_ms=10'
  --runs N           how often to run each                 (1)
  --wait S           how long to wait for spans, s         (30)
  --ready S          how long to wait for services, s      (60)
  --sampled          a trace may be absent as a whole
  --json             for machines; npm run --silent verify prints nothing else

With AGENT_PORT and INSPECTOR_PORT, which npm start and Compose take, it finds them on other ports.
Exits 1 when any run did not pass, 3 when none failed but of some nothing can be said.`

export interface Options {
  agent: string
  inspector: string
  jaeger: string | undefined
  /** Name, with or without a query. Empty: all. */
  scenarios: string[]
  runs: number
  waitS: number
  readyS: number
  isSampled: boolean
  isJson: boolean
}

/** The command line is not one of ours; the message says why. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Throws a UsageError; undefined when help was asked for. */
export function readOptions(args: string[], environment: NodeJS.ProcessEnv): Options | undefined {
  const { values, positionals } = parse(args)
  const local = (port: string) => `http://127.0.0.1:${port}`
  const { AGENT_BASE, INSPECTOR_BASE, AGENT_PORT, INSPECTOR_PORT } = environment
  if (values.help) return undefined
  // Names may follow --scenario without repeating it.
  if (positionals.length > 0 && !values.scenario)
    throw new UsageError(`${positionals[0]}: expected --scenario before it`)
  return {
    agent: readUrl('--agent', values.agent ?? (AGENT_BASE || local(AGENT_PORT || '8080'))),
    inspector: readUrl('--inspector', values.inspector ?? (INSPECTOR_BASE || local(INSPECTOR_PORT || '4319'))),
    jaeger: values.from === undefined ? undefined : readSource(values.from),
    scenarios: [...(values.scenario ?? []), ...positionals],
    runs: readNumber('--runs', values.runs, 1, 10_000),
    waitS: readNumber('--wait', values.wait, 0, 600),
    readyS: readNumber('--ready', values.ready, 0, 600),
    isSampled: values.sampled,
    isJson: values.json,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        agent: { type: 'string' },
        inspector: { type: 'string' },
        from: { type: 'string' },
        scenario: { type: 'string', multiple: true },
        runs: { type: 'string', default: '1' },
        wait: { type: 'string', default: '30' },
        ready: { type: 'string', default: '60' },
        sampled: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function readUrl(option: string, value: string): string {
  if (URL.canParse(value) && /^https?:/.test(value)) return value.replace(/\/+$/, '')
  throw new UsageError(`${option} ${value}: expected an http or https URL`)
}

function readSource(value: string): string {
  if (value.startsWith('jaeger=')) return readUrl('--from', value.slice('jaeger='.length))
  throw new UsageError(`--from ${value}: expected jaeger=URL`)
}

function readNumber(option: string, value: string, min: number, max: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  throw new UsageError(`${option} ${value}: expected a whole number from ${min} to ${max}`)
}
