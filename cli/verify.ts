// npm run verify: runs scenarios, and says of each whether all of its spans arrived.
import { keepLoopbackDirect } from 'service-kit/loopback'
import { defineCommand, howToStart, readUrl, readWhole, runCommand, UsageError } from './command.ts'
import { foldFor } from './fold.ts'
import { askReady } from './http.ts'
import { statusLine } from './status-line.ts'
import { inspectorJudge, jaegerJudge, type Judge } from './verify/judge.ts'
import { head, renderEnd, renderOutcome } from './verify/outcome.ts'
import { readPlays } from './verify/play.ts'
import { untilReady } from './verify/ready.ts'
import { type Outcome, verifyRuns } from './verify/runs.ts'

const { AGENT_BASE, SECONDARY_BASE, INSPECTOR_BASE, AGENT_PORT, SECONDARY_PORT, INSPECTOR_PORT } = process.env
const local = (port: string) => `http://127.0.0.1:${port}`

/** Whom the agent may hand over to: it has ledgers as well. */
const secondary = SECONDARY_BASE || local(SECONDARY_PORT || '8082')

const command = defineCommand({
  name: 'npm run verify --',
  description:
    'Runs scenarios and says of each whether all of its spans arrived, once and unchanged, and what they reveal',
  args: {
    agent: {
      type: 'string',
      valueHint: 'URL',
      description: 'the agent to run them on; AGENT_BASE',
      default: AGENT_BASE || local(AGENT_PORT || '8080'),
    },
    inspector: {
      type: 'string',
      valueHint: 'URL',
      description: 'the trace-inspector at the other end; INSPECTOR_BASE',
      default: INSPECTOR_BASE || local(INSPECTOR_PORT || '4319'),
    },
    from: {
      type: 'string',
      valueHint: 'jaeger=URL',
      description: 'read the traces back from Jaeger instead, by its query API',
    },
    scenario: {
      type: 'string',
      valueHint: 'NAME…',
      description: "only these; parameters may follow: 'fanout?fanout=1000&delay_ms=10'",
    },
    runs: { type: 'string', valueHint: 'N', description: 'how often to run each', default: '1' },
    wait: { type: 'string', valueHint: 'S', description: 'how long to wait for spans, s', default: '30' },
    ready: { type: 'string', valueHint: 'S', description: 'how long to wait for services, s', default: '60' },
    sampled: { type: 'boolean', description: 'a trace may be absent as a whole' },
    json: { type: 'boolean', description: 'for machines; npm run --silent verify prints nothing else' },
  },
  list: 'scenario',
  notes: `With AGENT_PORT and INSPECTOR_PORT, which npm start and Compose take, it finds them on other ports.
Exits 1 when any run did not pass, 3 when none failed but of some nothing can be said.`,
  run(args, scenarios) {
    const agent = readUrl('--agent', args.agent)
    const inspector = readUrl('--inspector', args.inspector)
    return verifyAll({
      agent,
      judge:
        args.from === undefined ? inspectorJudge(inspector) : jaegerJudge(readSource(args.from), [agent, secondary]),
      scenarios,
      runs: readWhole('--runs', args.runs, 1, 10_000),
      waitS: readWhole('--wait', args.wait, 0, 600),
      readyS: readWhole('--ready', args.ready, 0, 600),
      isSampled: args.sampled ?? false,
      isJson: args.json ?? false,
    })
  },
})

interface Options {
  agent: string
  judge: Judge
  /** Name, with or without a query. Empty: all. */
  scenarios: string[]
  runs: number
  waitS: number
  readyS: number
  isSampled: boolean
  isJson: boolean
}

function readSource(value: string): string {
  if (value.startsWith('jaeger=')) return readUrl('--from', value.slice('jaeger='.length))
  throw new UsageError(`--from ${value}: expected jaeger=URL`)
}

const say = (text: string) => console.log(foldFor(process.stdout, text))
const warn = (text: string) => console.error(foldFor(process.stderr, text))

/** Resolves to the exit code: 0 when all runs passed, 1 when one did not, 3 when of some nothing can be said. */
async function verifyAll({ agent, judge, ...options }: Options): Promise<number> {
  const isAgentThere = () => askReady('agent-app', `${agent}/ready`)
  await untilReady([isAgentThere, judge.isThere], options.readyS, (why) =>
    warn(`${why}. Waiting for it, up to ${options.readyS} s: ${howToStart}`),
  )
  const plays = await readPlays(agent, options.scenarios)
  const all = Array.from({ length: options.runs }, () => plays).flat()
  const status = statusLine(options.isJson)
  const outcomes: Outcome[] = []
  let begun = 0
  const begins = (scenario: string) => status(`${scenario}, ${++begun} of ${all.length} …`)
  if (!options.isJson) say(head)
  for await (const outcome of verifyRuns(agent, all, judge, { ...options, begins })) {
    outcomes.push(outcome)
    status('')
    if (!options.isJson) say(renderOutcome(outcome))
  }
  const passed = outcomes.some((outcome) => outcome.passed === false)
    ? false
    : outcomes.every((outcome) => outcome.passed) || null
  const notCarried = outcomes.find(({ verification }) => verification)?.verification?.not_carried ?? []
  if (options.isJson) console.log(JSON.stringify({ agent, judge: judge.name, passed, runs: outcomes }, undefined, 2))
  else say(renderEnd(outcomes, judge.name, notCarried))
  return passed === null ? 3 : passed ? 0 : 1
}

keepLoopbackDirect(process.env)
await runCommand(command)
