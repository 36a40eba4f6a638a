// npm run load: plays a population of runs on running agents, each at its time, and reports what came of them.
import { mixNames } from 'engine/mix/named'
import { MixError } from 'engine/mix/read'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { onStopSignal } from 'service-kit/signals'
import { defineCommand, runCommand } from './command.ts'
import { askReady } from './http.ts'
import { ReportError, ReportFile } from './load/file.ts'
import { mergeReports } from './load/merge.ts'
import { offer } from './load/offer.ts'
import { type LoadArgs, readLoad } from './load/options.ts'
import { digestOf, exitCodeOf, makeReport, renderReport, type Report, rowOf } from './load/report.ts'
import { verifier } from './load/verify.ts'
import { shardOption } from './shard.ts'
import { statusLine } from './status-line.ts'
import { enterTypedFolder } from './typed-folder.ts'

const { AGENT_BASE, AGENT_PORT, INSPECTOR_BASE, INSPECTOR_PORT } = process.env
const local = (port: string) => `http://127.0.0.1:${port}`

const command = defineCommand({
  name: 'npm run load --',
  description:
    'Plays a population of runs on running agents, each at its time whatever became of the others, and reports what came of them',
  args: {
    mix: {
      type: 'string',
      valueHint: 'NAME|FILE',
      description: `what they do: ${mixNames.join(', ')}, or a file of YAML`,
      default: 'default',
    },
    rate: {
      type: 'string',
      valueHint: 'RATE',
      description: "how many arrive, such as 50/s; the mix's own unless given",
    },
    duration: { type: 'string', valueHint: 'TIME', description: 'how long runs arrive', default: '1m' },
    seed: {
      type: 'string',
      valueHint: 'TEXT',
      description: 'the same seed asks for the same runs; drawn where absent',
    },
    agents: {
      type: 'string',
      valueHint: 'URL[,URL]',
      description: 'whom to ask, in turn; AGENT_BASE',
      default: AGENT_BASE || local(AGENT_PORT || '8080'),
    },
    shard: shardOption('asks only for the share I of N'),
    wait: { type: 'string', valueHint: 'TIME', description: 'how long to wait for the last answers', default: '1m' },
    verify: {
      type: 'string',
      valueHint: 'SHARE|all',
      description: 'of how many runs, 0 to 1, the spans are verified in trace-inspector',
      default: '0',
    },
    inspector: {
      type: 'string',
      valueHint: 'URL',
      description: 'the trace-inspector that verifies; INSPECTOR_BASE',
      default: INSPECTOR_BASE || local(INSPECTOR_PORT || '4319'),
    },
    report: {
      type: 'string',
      valueHint: 'FILE',
      description: 'writes all figures and every run there, as JSON; - is the standard output, which gets nothing else',
    },
  },
  notes: `npm run load -- merge FILE… [--report FILE] adds the reports of all shards up.

Exits 0 when every run was offered and answered, and all that was verified was complete; 3 when of some nothing can be said; otherwise 1. docs/load.md says more.`,
  run: (args) => told(() => load(args)),
})

async function load(args: LoadArgs): Promise<number> {
  const { inspector, verified, file: path, patienceMs, seed, ofPlan, ...schedule } = readLoad(args)
  const { mix, durationMs, share, agents } = schedule
  for (const agent of agents) await askReady('agent-app', `${agent}/ready`)
  if (verified > 0) await askReady('trace-inspector', `${inspector}/ready`)
  const file = await ReportFile.open(path)
  const [stop, abort] = [new AbortController(), new AbortController()]
  onStopSignal(
    () => stop.abort(),
    () => abort.abort(),
  )
  const status = statusLine()
  const counts = { begun: 0, done: 0 }
  const tell = () => status(`${counts.begun} offered, ${counts.begun - counts.done} under way`)
  const verify = verifier(inspector, seed, verified, abort.signal)
  const startedAt = new Date().toISOString()
  const { offered, whole } = await offer({
    ...schedule,
    seed: ofPlan,
    patienceMs,
    stop: stop.signal,
    abort: abort.signal,
    begins() {
      counts.begun++
      tell()
    },
    async answered(run) {
      await verify(run)
      counts.done++
      tell()
    },
  })
  status('')
  const plan = { mix: args.mix, mix_sha256: digestOf(mix), seed, duration_ms: durationMs }
  const shard = { ...share, agents, started_at: startedAt, whole }
  return conclude(makeReport(plan, [shard], offered.map(rowOf)), file)
}

/** Tells what came of it. Resolves to the exit code. */
async function conclude(report: Report, file: ReportFile | undefined): Promise<number> {
  await file?.write(report)
  if (!file?.isOutput) console.log(renderReport(report))
  return exitCodeOf(report)
}

const merge = defineCommand({
  name: 'npm run load -- merge',
  description: 'Adds the reports of all shards of a load up',
  args: {
    from: { type: 'string', valueHint: 'FILE…', description: 'the reports; the option itself may be left out' },
    report: { type: 'string', valueHint: 'FILE', description: 'writes all figures and every run there, as JSON' },
  },
  list: 'from',
  run: ({ report }, files) => told(async () => conclude(await mergeReports(files), await ReportFile.open(report))),
})

/** What is wrong with a file is told in its own words. */
async function told(run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof MixError || error instanceof ReportError)) throw error
    console.error(error.message)
    return 1
  }
}

keepLoopbackDirect(process.env)
enterTypedFolder()
const [first, ...rest] = process.argv.slice(2)
if (first === 'merge') await runCommand(merge, rest[0]?.startsWith('-') ? rest : ['--from', ...rest])
else await runCommand(command)
