import { mkdirSync, writeFileSync } from 'node:fs'
import type { LedgerStep, RunLedger } from 'contract/ledger'
import { type Quirk, quirkNames, quirks } from 'contract/quirks'
import { prices } from 'findings/prices'
import { addUsage } from 'findings/usage'
import { Random } from 'contract/random'
import { Catalog, type Offer } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { usageIn } from 'engine/summary'
import { traceKeyOf } from 'exam/keys'
import { examVersion, type Question } from 'exam/question'
import { ExamError } from 'exam/read'
import { totalsKeys, totalsQuestions, type TotalsRun } from 'exam/totals'
import type { PlayedRun } from 'simulate/play'
import { type ExamOptions, expectWritable } from './exam.ts'
import { filesOf, hashLine, jsonLines } from './files.ts'
import { table, written } from './readme.ts'
import { agentsOf, keyOf, play } from './runs.ts'
import { SpanFile } from './span-file.ts'

export type TotalsOptions = Omit<ExamOptions, 'level'>

/** Scenarios that such an exam can be made of. */
export const allNames: readonly string[] = scenarios.map(({ name }) => name)

/** How large runs are: totals are no harder for being larger. */
const sizes = { fanout: 5, depth: 5, background_fanout: 3, duration_s: 5, max_steps: 6 }
/** How often an attempt of a model call fails, so that there are retries to be billed. */
const errorRate = 0.2
/** Runs come so far apart, ms, and so many of them are one session, every other time. */
const apartMs = 30_000
const ofSession = 3

/** Makes an exam about totals of tokens: its folder, and its key. The same options make the same bytes. */
export async function makeTotals(options: TotalsOptions, progress: (runs: number) => void = () => {}) {
  const { seed, secret, out, key } = options
  const files = filesOf(out)
  mkdirSync(out, { recursive: true })
  expectWritable(key)
  const file = await SpanFile.open(files.spans)
  const runs: TotalsRun[] = []
  const traceKeys: object[] = []
  let drawn = 0
  for await (const { played, traces } of drawRuns(options)) {
    await file.add(played)
    runs.push(...traces.map(({ run }) => run))
    traceKeys.push(...traces.map(({ traceKey }) => traceKey))
    progress(++drawn)
  }
  await file.end()
  const questions = totalsQuestions(runs)
  const head = { version: examVersion, level: 1, seed, secret }
  const keyText = jsonLines([head, ...traceKeys, ...totalsKeys(questions, runs)])
  writeFileSync(files.questions, jsonLines(questions))
  writeFileSync(key, keyText)
  writeFileSync(files.hash, hashLine(keyText))
  writeFileSync(files.readme, readme(runs.length, questions))
  return { questions: questions.length }
}

/** Scenarios in turn, and how their telemetry tells tokens in turn. */
async function* drawRuns({ scenarios: names, traces, seed, secret, startMs }: TotalsOptions) {
  const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
  const offers = names.map((name) => offerOf(catalog, name))
  for (let index = 0; index < traces; index++) {
    const offer = offers[index % offers.length] as Offer
    const quirk = [undefined, ...quirkNames][Math.floor(index / offers.length) % (1 + quirkNames.length)]
    const group = Math.floor(index / ofSession)
    const session = group % 2 === 0 ? `conv_${new Random(`${secret} session/${group}`).hex(16)}` : undefined
    const asked = { offer, params: paramsOf(catalog, offer, quirk, session), seed: `${seed}/${index}`, secret }
    const played = await play({ ...asked, startMs: startMs + index * apartMs })
    const byTrace = Map.groupBy([played, ...played.parts], ({ traceId }) => traceId)
    yield {
      played,
      traces: await Promise.all(
        [...byTrace.values()].map((parts) => traceOf(parts, offer.scenario.name, quirk, secret)),
      ),
    }
  }
}

/** One trace of a run: all that was played of it there. */
async function traceOf(
  parts: readonly PlayedRun[],
  scenario: string,
  quirk: Quirk | undefined,
  secret: string,
): Promise<{ run: TotalsRun; traceKey: object }> {
  const [first] = parts as [PlayedRun]
  const ledgers = parts.map((part) => part.ledger())
  const usage = ledgers
    .map(({ steps }) => usageIn(quirk === 'stream_usage_missing' ? steps.map(untold) : steps))
    .reduce((sum, own) => addUsage(sum, own))
  const agents = Object.keys(usage.agents)
  const agent = agents.length > 0 ? new Random(`${secret} agent/${first.traceId}`).pick(agents) : ''
  const known = { scenario, key: await keyOf(parts), costMs: 0, agentsOf: agentsOf(...ledgers) }
  return {
    run: { trace_id: first.traceId, session: ledgers.flatMap(conversationsIn)[0], usage, quirk, agent },
    traceKey: { ...traceKeyOf(known), ...(quirk && { quirk }) },
  }
}

const conversationsIn = ({ steps }: RunLedger) =>
  steps.flatMap(({ facts }) => (facts.operation === 'invoke_agent' ? (facts.conversation_id ?? []) : []))

/** A streamed answer as its telemetry tells it. */
function untold(step: LedgerStep): LedgerStep {
  const { facts } = step
  if (facts.operation !== 'chat' || facts.stream !== true) return step
  const { input_tokens: _in, cached_tokens: _cached, cache_write_tokens: _written, ...rest } = facts
  const { output_tokens: _out, reasoning_tokens: _reasoning, ...left } = rest
  return { ...step, facts: left }
}

function offerOf(catalog: Catalog, name: string): Offer {
  const offer = catalog.find(name)
  if (offer && allNames.includes(name)) return offer
  throw new ExamError(`--scenario ${name}: expected one of ${allNames.join(', ')}`)
}

function paramsOf(catalog: Catalog, offer: Offer, quirk: Quirk | undefined, session: string | undefined) {
  const takes = offer.schema.shape
  const fitting = Object.entries(sizes).filter(([name]) => Object.hasOwn(takes, name))
  const query = {
    ...Object.fromEntries(fitting.map(([name, size]) => [name, String(size)])),
    profile: 'measured',
    llm_error_rate: String(errorRate),
    ...(quirk && { quirks: quirk }),
    ...(session && { conversation_id: session }),
  }
  const parsed = catalog.parse(offer, query)
  if ('params' in parsed) return parsed.params
  const [fault] = parsed.faults
  throw new ExamError(`${offer.scenario.name}: ${fault?.parameter} ${fault?.value}: expected ${fault?.expected}`)
}

/** What is in the folder, for whoever finds it. */
function readme(traces: number, questions: readonly Question[]): string {
  const priced = [...prices].map(([model, { input, cached, cacheWrite, output }]) =>
    [`\`${model}\``, input, cached, cacheWrite, output].map(String),
  )
  return `# An exam for tools that add up tokens

${traces} traces, and ${questions.length} questions about what their model calls used and cost. Telemetry tells tokens as it does in production:

${Object.values(quirks)
  .map((what) => `- ${what}`)
  .join('\n')}

No span says which of these a trace has, and many have none: each call then says its own, and \`gen_ai.usage.input_tokens\` has the tokens of caches among it. A call that was refused (429, 529, 400) used nothing. What a streamed answer does not say is not known: \`"unknown"\` is right there, and any figure is wrong.

${written(questions)}

Prices, US dollars for a million tokens:

${table([['Model', 'Input', 'Read from a cache', 'Written to a cache', 'Output, reasoning included'], ...priced])}
`
}
