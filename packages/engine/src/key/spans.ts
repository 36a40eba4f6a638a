import type { LedgerStep } from 'contract/ledger'

/** What one agent does with its own hands. */
const work: ReadonlySet<string> = new Set([
  'execute_tool',
  'retrieval',
  'chat',
  'process_chunk',
  'human_feedback',
  'hand_over',
])
const calls: ReadonlySet<string> = new Set(['execute_tool', 'retrieval', 'chat'])

/** The id of the SERVER span below a CLIENT span, where whoever recorded the run knows it. */
export type ServerSpanOf = (clientSpanId: string) => string | undefined

/** The spans by which a step of a run may be named. */
export class NamingSpans {
  readonly #steps: readonly LedgerStep[]
  readonly #serverSpanOf: ServerSpanOf
  #byKey: ReadonlyMap<string, LedgerStep> | undefined
  #below: ReadonlyMap<number | null, LedgerStep[]> | undefined

  constructor(steps: readonly LedgerStep[], serverSpanOf: ServerSpanOf = () => undefined) {
    this.#steps = steps
    this.#serverSpanOf = serverSpanOf
  }

  // Both are made when somebody asks: nothing of most runs is named.
  #stepOf(key: string): LedgerStep | undefined {
    return (this.#byKey ??= new Map(this.#steps.map((step) => [step.key, step]))).get(key)
  }

  #stepsBelow(id: number): readonly LedgerStep[] {
    return (this.#below ??= Map.groupBy(this.#steps, ({ parent_id }) => parent_id)).get(id) ?? []
  }

  /** Whether the run has a step of this key. */
  has(key: string): boolean {
    return this.#stepOf(key) !== undefined
  }

  /** The call, its CLIENT and SERVER spans, and its agent's span where that agent does nothing else but think about it. */
  of(key: string): string[] {
    const step = this.#stepOf(key)
    if (!step) return []
    const call = step.facts.operation === 'http_client' ? this.#parentOf(step) : step
    const attempts = call === step ? this.#attemptsOf(call) : [step]
    const agent = call && this.#parentOf(call)
    const isKnownByIt = agent?.facts.operation === 'invoke_agent' && call && this.#doesOnly(agent, call)
    const named = new Set([step, ...(call ? [call] : []), ...attempts, ...(isKnownByIt ? [agent] : [])])
    if (step === this.#steps[0]) for (const agent of this.#agentsBelow(step)) named.add(agent)
    const { span_id: taken, agent_span_id: taker } = step.handed_over ?? {}
    const servers = attempts.map(({ span_id }) => this.#serverSpanOf(span_id ?? ''))
    return [...[...named].map(({ span_id }) => span_id ?? undefined), ...servers, taken, taker].filter(
      (id) => typeof id === 'string',
    )
  }

  #parentOf({ parent_id }: LedgerStep): LedgerStep | undefined {
    return parent_id === null ? undefined : this.#steps[parent_id]
  }

  #attemptsOf(call: LedgerStep): LedgerStep[] {
    if (!calls.has(call.facts.operation)) return []
    return this.#stepsBelow(call.id).filter(({ facts }) => facts.operation === 'http_client')
  }

  /** Of the request of a part: the agent that took over. */
  #agentsBelow({ id }: LedgerStep): LedgerStep[] {
    return this.#stepsBelow(id).filter(({ facts }) => facts.operation === 'invoke_agent')
  }

  #doesOnly({ id }: LedgerStep, step: LedgerStep): boolean {
    const own = this.#stepsBelow(id).filter(({ facts }) => work.has(facts.operation))
    const isThought = ({ facts }: LedgerStep) => facts.operation === 'chat' && step.facts.operation !== 'chat'
    return own.every((each) => each === step || isThought(each))
  }
}
