import { foldFor } from './fold.ts'
import { getJson, ServiceError } from './http.ts'
import { inspectorJudge, jaegerJudge } from './judge.ts'
import { type Options, readOptions, usage, UsageError } from './options.ts'
import { readPlays } from './play.ts'
import { untilReady } from './ready.ts'
import { renderEnd, renderHead, renderOutcome } from './table.ts'
import { type Outcome, verifyRuns } from './verify-runs.ts'

/**
 * `npm run verify`. Resolves to the exit code: 0 when all runs passed, 1 when one did not, 2 when it was asked wrongly, 3
 * when of some nothing can be said.
 */
export async function main(args: string[]): Promise<number> {
  try {
    const options = readOptions(args, process.env)
    if (options) return await verifyAll(options)
    say(usage)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      warn(`${error.message}\n\n${usage}`)
      return 2
    }
    if (!(error instanceof ServiceError)) throw error
    warn(`${error.message}. ${howToStart}`)
    return 1
  }
}

const say = (text: string) => console.log(foldFor(process.stdout, text))
const warn = (text: string) => console.error(foldFor(process.stderr, text))
const howToStart = 'npm start starts everything, docker-compose up --build --detach does so in containers.'

async function verifyAll({ agent, inspector, jaeger, ...options }: Options): Promise<number> {
  const judge = jaeger === undefined ? inspectorJudge(inspector) : jaegerJudge(jaeger, agent)
  const isAgentThere = () => getJson('agent-app', `${agent}/ready`)
  await untilReady([isAgentThere, judge.isThere], options.readyS, (why) =>
    warn(`${why}. Waiting for it, up to ${options.readyS} s: ${howToStart}`),
  )
  const plays = await readPlays(agent, options.scenarios)
  const all = Array.from({ length: options.runs }, () => plays).flat()
  const status = statusLine(options.isJson)
  const outcomes: Outcome[] = []
  let begun = 0
  const begins = (scenario: string) => status(`${scenario}, ${++begun} of ${all.length} …`)
  if (!options.isJson) say(renderHead())
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

/** Tells what is under way, where somebody looks at it: one line that is written over. */
function statusLine(isSilent: boolean): (text: string) => void {
  const { stderr } = process
  if (isSilent || !stderr.isTTY) return () => {}
  return (text) => stderr.write(`\r\u001b[K${text}`)
}
