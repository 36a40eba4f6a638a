// npm run simulate: plays a population of agents in virtual time, and sends what they leave or writes it down.
import { MixError } from 'engine/mix/read'
import { mixNames } from 'engine/mix/named'
import { EnvironmentError } from 'service-kit/environment'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { onStopSignal } from 'service-kit/signals'
import { SimulateError } from 'simulate/error'
import { simulate } from 'simulate/simulation'
import { defineCommand, runCommand } from './command.ts'
import { shardOption } from './shard.ts'
import { digestFile } from './simulate/digest.ts'
import { readSimulation } from './simulate/options.ts'
import { renderEnd, renderProgress } from './simulate/report.ts'
import { digestLine, sumDigests } from './simulate/sum.ts'
import { statusLine } from './status-line.ts'
import { enterTypedFolder } from './typed-folder.ts'

const command = defineCommand({
  name: 'npm run simulate --',
  description:
    'Plays agents in virtual time, a day of them in seconds, and sends their spans by OTLP/HTTP or writes them to a file',
  args: {
    mix: {
      type: 'string',
      valueHint: 'NAME|FILE',
      description: `what they do: ${mixNames.join(', ')}, or a file of YAML; default unless --scenario is given`,
    },
    scenario: {
      type: 'string',
      valueHint: 'NAME…',
      description: "only these, with parameters where wanted: 'retry?fanout=30&seed=same'",
    },
    traces: { type: 'string', valueHint: 'N', description: 'ends after so many; 1000 where nothing else ends it' },
    spans: { type: 'string', valueHint: 'N', description: 'ends after so many, or with a unit that has a few more' },
    duration: { type: 'string', valueHint: 'TIME', description: 'ends after so much virtual time, such as 90m or 7d' },
    seed: { type: 'string', valueHint: 'TEXT', description: 'the same seed makes the same spans; drawn where absent' },
    blind: {
      type: 'boolean',
      description: 'spans say nothing of what was asked for, as where a mix says `blind: true`',
    },
    secret: {
      type: 'string',
      valueHint: 'HEX',
      description: 'what blind runs draw with beside the seed, 32 hex digits or more; RUN_SECRET, drawn where absent',
    },
    start: {
      type: 'string',
      valueHint: '-TIME|DATE',
      description: 'when it is in virtual time: so long ago, or an ISO time',
      default: '-24h',
    },
    to: {
      type: 'string',
      valueHint: 'URL|none',
      description:
        'the receiver, as in OTEL_EXPORTER_OTLP_ENDPOINT, which it is by default where --out is not given; none encodes and throws away',
    },
    out: {
      type: 'string',
      valueHint: 'FILE',
      description: "spans as lines of OTLP's JSON, compressed where it ends in .gz; - is the standard output",
    },
    ledger: { type: 'string', valueHint: 'FILE', description: 'what each run did, a line each, as GET /runs has it' },
    key: {
      type: 'string',
      valueHint: 'FILE',
      description: 'the right answer to each run, a line each, as /run has it: what was planted, and what it cost',
    },
    workers: { type: 'string', valueHint: 'N', description: 'threads that share the work', default: '1' },
    'from-unit': {
      type: 'string',
      valueHint: 'N',
      description: 'leaves out the units before it: goes on where another ended, in files of its own',
      default: '0',
    },
    shard: shardOption('plays only the share I of N'),
    digest: {
      type: 'boolean',
      description: 'tells the digest of all spans, whatever their order, once all have been taken',
    },
  },
  list: 'scenario',
  notes: `npm run simulate -- digest FILE… tells the digest of spans that were written by --out, or by a Collector's file exporter.
npm run simulate -- sum FILE… adds up what all shards told by --digest.

Headers, compression, TLS files and time-outs are those of the OTEL_EXPORTER_OTLP_* variables; docs/simulate.md says more.
Exits 0 only when all was taken, 130 after Ctrl-C.`,
  async run(args, scenarios) {
    const status = statusLine()
    const [soon, now] = [new AbortController(), new AbortController()]
    const say = (line: string) => {
      status('')
      console.error(line)
    }
    try {
      const { options, meant } = readSimulation(args, scenarios, process.env)
      onStopSignal(
        () => soon.abort(),
        () => now.abort(),
      )
      const startedAt = performance.now()
      const seconds = () => (performance.now() - startedAt) / 1000
      const outcome = await simulate(
        { ...options, tell: say, progress: (totals) => status(renderProgress(totals, seconds())) },
        { soon: soon.signal, now: now.signal },
      )
      say(renderEnd(outcome, meant, seconds(), soon.signal.aborted))
      // Of spans that were made and did not arrive it would tell nobody anything.
      if (outcome.digest !== undefined && outcome.isAllTaken)
        (args.out === '-' ? console.error : console.log)(digestLine(outcome.digest, outcome.spans, options.share))
      return soon.signal.aborted ? 130 : outcome.isAllTaken ? 0 : 1
    } catch (error) {
      if (error instanceof MixError || error instanceof EnvironmentError || error instanceof SimulateError) {
        say(error.message)
        return soon.signal.aborted ? 130 : 1
      }
      throw error
    }
  },
})

keepLoopbackDirect(process.env)
enterTypedFolder()
const [first, ...rest] = process.argv.slice(2)
if (first === 'digest') process.exitCode = await digestFile(rest)
else if (first === 'sum') process.exitCode = await sumDigests(rest)
else await runCommand(command)
