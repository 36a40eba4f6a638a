import type { SomeFacts } from 'contract/facts'
import { costOf } from './prices.ts'
import type { SomeTokens, Tokens, Usage, UsageFigures } from 'contract/usage'

export const noTokens: Tokens = {
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
}
const tokenNames = Object.keys(noTokens) as (keyof Tokens)[]

/** What of a step its usage is read off. */
export interface UsageStep {
  span_id: string | number | null
  parent_span_id: string | number | null
  operation: string
  facts: SomeFacts
  failed: boolean
}

/** Tokens that one step says, and whose they are. */
export interface Report {
  agent: string
  model: string
  calls: number
  billedRetries: number
  /** Of these calls, how many used tokens that nobody says. */
  unreported: number
  tokens: Tokens
}

/**
 * What the model calls of a trace used, each counted once, wherever it is said: on the call, again on its agent or there alone,
 * or by attempts where those that got no answer were billed. An agent that says it knows of all its calls.
 */
export function usageOf(steps: Iterable<UsageStep>): Usage {
  const all = [...steps]
  const agents = new Map(
    all.filter(({ operation }) => operation === 'invoke_agent').map((step) => [step.span_id, step]),
  )
  const chats = all.filter(({ operation }) => operation === 'chat')
  const chatIds = new Set(chats.map(({ span_id }) => span_id))
  const attempts = all.filter(
    ({ operation, parent_span_id }) => operation === 'http_client' && chatIds.has(parent_span_id),
  )
  const attemptsOf = Map.groupBy(attempts.filter(says), ({ parent_span_id }) => parent_span_id)
  const isBeside = besideIn(all, [...agents.values(), ...chats, ...attempts])
  const tokensOf = (step: UsageStep) => tokensSaid(step.facts, isBeside(step))

  const reports: Report[] = []
  for (const [agentId, own] of Map.groupBy(chats, ({ parent_span_id }) => parent_span_id)) {
    const agent = agents.get(agentId)
    const name = agent?.facts.definition ?? ''
    const said = own.map((chat): Report => {
      const billed = attemptsOf.get(chat.span_id) ?? []
      const sources = billed.length > 0 ? billed : [chat]
      return {
        agent: name,
        model: chat.facts.response_model ?? chat.facts.model ?? '',
        calls: 1,
        billedRetries: billed.filter(({ facts }) => facts.status === undefined).length,
        unreported: Number(!sources.some(says) && usesTokens(chat)),
        tokens: sumOf(sources.map(tokensOf)),
      }
    })
    if (!agent || !says(agent)) {
      reports.push(...said)
      continue
    }
    const [model = ''] = new Set(said.map((report) => report.model))
    const billedRetries = said.reduce((sum, report) => sum + report.billedRetries, 0)
    const tokens = tokensOf(agent)
    reports.push({ agent: name, model, calls: own.length, billedRetries, unreported: 0, tokens })
  }
  return figuresFrom(reports)
}

/** The sums of reports. */
export function figuresFrom(reports: readonly Report[]): Usage {
  return {
    ...figuresOf(reports),
    agents: byName(reports, ({ agent }) => agent),
    models: byName(reports, ({ model }) => model),
  }
}

const says = ({ facts }: UsageStep) => facts.input_tokens !== undefined || facts.output_tokens !== undefined

/** What was refused used none; of what broke off something had come. */
const usesTokens = ({ failed, facts }: UsageStep) => !failed || facts.first_chunk_s !== undefined

/** No prompt has less than a cache had of it: this one is told without. */
const hasCacheBeside = ({ input_tokens, cached_tokens = 0, cache_write_tokens = 0 }: SomeTokens) =>
  input_tokens !== undefined && cached_tokens + cache_write_tokens > input_tokens

/** Whether the prompt of a step is told without what a cache had of it: all telemetry of a run tells it one way. */
function besideIn(all: readonly UsageStep[], telling: readonly UsageStep[]): (step: UsageStep) => boolean {
  const beside = telling.filter(({ facts }) => hasCacheBeside(facts))
  if (beside.length === 0) return () => false
  const runOf = runsIn(all)
  // One run has all of them, wherever they hang.
  const requests = new Set(telling.map(runOf).filter(({ operation }) => operation === 'http_server'))
  if (requests.size < 2) return () => true
  const runs = new Set(beside.map(runOf))
  return (step) => runs.has(runOf(step))
}

/** The run that a step is of, by its topmost step: the request that began it, and not that of an agent that took over. */
function runsIn(all: readonly UsageStep[]): (step: UsageStep) => UsageStep {
  const byId = new Map(all.map((step) => [step.span_id, step]))
  const above = (step: UsageStep) => {
    const parent = byId.get(step.parent_span_id)
    return step.operation === 'http_server' && parent?.operation !== 'hand_over' ? undefined : parent
  }
  const known = new Map<UsageStep, UsageStep>()
  return (step) => {
    // Spans may come from anywhere, and go in circles.
    const path = new Set<UsageStep>()
    let top = step
    for (
      let next: UsageStep | undefined = step;
      next && !path.has(next);
      next = known.has(next) ? undefined : above(next)
    ) {
      path.add(next)
      top = next
    }
    const run = known.get(top) ?? top
    for (const each of path) known.set(each, run)
    return run
  }
}

function tokensSaid(facts: SomeTokens, isBeside: boolean): Tokens {
  const said = { ...noTokens }
  for (const name of tokenNames) said[name] = facts[name] ?? 0
  if (isBeside) said.input_tokens += said.cached_tokens + said.cache_write_tokens
  return said
}

function sumOf(all: readonly Tokens[]): Tokens {
  const sum = { ...noTokens }
  for (const tokens of all) for (const name of tokenNames) sum[name] += tokens[name]
  return sum
}

function figuresOf(reports: readonly Report[]): UsageFigures {
  const costs = reports.map(({ model, tokens }) => costOf(model, tokens))
  return {
    calls: reports.reduce((sum, { calls }) => sum + calls, 0),
    billed_retries: reports.reduce((sum, { billedRetries }) => sum + billedRetries, 0),
    unreported_calls: reports.reduce((sum, { unreported }) => sum + unreported, 0),
    ...sumOf(reports.map(({ tokens }) => tokens)),
    cost_usd: costs.includes(null) ? null : costs.reduce((sum: number, cost) => sum + (cost ?? 0), 0) / 1e9,
  }
}

const byName = (reports: readonly Report[], nameOf: (report: Report) => string) =>
  Object.fromEntries([...Map.groupBy(reports, nameOf)].map(([name, own]) => [name, figuresOf(own)]))

/** Of two runs, or parts of one, together. */
export function addUsage(a: Usage, b: Usage): Usage {
  return { ...addFigures(a, b), agents: addEach(a.agents, b.agents), models: addEach(a.models, b.models) }
}

function addEach(a: Usage['agents'], b: Usage['agents']): Usage['agents'] {
  const sums = new Map(Object.entries(a))
  for (const [name, figures] of Object.entries(b)) {
    const known = sums.get(name)
    sums.set(name, known ? addFigures(known, figures) : figures)
  }
  return Object.fromEntries(sums)
}

function addFigures(a: UsageFigures, b: UsageFigures): UsageFigures {
  return {
    calls: a.calls + b.calls,
    billed_retries: a.billed_retries + b.billed_retries,
    unreported_calls: a.unreported_calls + b.unreported_calls,
    ...sumOf([a, b]),
    cost_usd: a.cost_usd === null || b.cost_usd === null ? null : Math.round((a.cost_usd + b.cost_usd) * 1e9) / 1e9,
  }
}
