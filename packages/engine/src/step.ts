import type { FactsOf, Operation, Stated, StepEvent } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Random } from 'contract/random'
import { makespan } from 'findings/schedule'
import { causeOfCancel, errorTypeOf, RunCancelled, UndeclaredDemand } from './errors.ts'
import { inLanes } from './lanes.ts'
import type { Opening, OpenStep } from './open-step.ts'
import { agentOpening, type AgentOptions, tellingUsage, workflowOpening } from './operations/agent.ts'
import { chat, type ChatOptions } from './operations/chat.ts'
import { Conversation } from './operations/conversation.ts'
import { checkpoint } from './operations/checkpoint.ts'
import { type ChunkOptions, processChunk } from './operations/chunk.ts'
import { resumed, suspend } from './operations/hand-over.ts'
import { awaitHuman, type HumanOptions } from './operations/human.ts'
import { streamChat, type StreamOptions } from './operations/stream.ts'
import { executeTool, retrieve, type ToolCallOptions } from './operations/tool.ts'
import type { OpenSpan } from './ports.ts'
import type { RunContext } from './run-context.ts'

/**
 * A node of a run, and all that a scenario has to work with. Each method opens a span, writes the ledger, does the work
 * and closes both at the same instant; parentage is passed along, never looked up. A body that throws marks its step as
 * failed and the error goes on to the parent: who catches it lives with it.
 */
export class Step implements OpenStep {
  readonly run: RunContext
  readonly record: LedgerStep
  readonly span: OpenSpan
  idealMs = 0
  #random: Random | undefined

  constructor(run: RunContext, record: LedgerStep, span: OpenSpan) {
    this.run = run
    this.record = record
    this.span = span
  }

  get key(): string {
    return this.record.key
  }

  get random(): Random {
    return (this.#random ??= this.run.random.fork(this.key))
  }

  // ── the agent's operations ────────────────────────────────────────────────────────────────────────────────────────

  /** An agent at work: `body` is what it does. */
  invokeAgent<T>(name: string, options: AgentOptions, body: (agent: Step) => Promise<T>): Promise<T> {
    return this.open(agentOpening(this.run, name, options), (agent) => tellingUsage(agent, body(agent)))
  }

  /** The whole of a run below its request. */
  invokeWorkflow<T>(body: (workflow: Step) => Promise<T>): Promise<T> {
    return this.open(workflowOpening(this.run), body)
  }

  /** One call of the simulated model. */
  chat(options: ChatOptions = {}) {
    return chat(this, options)
  }

  /** What it says to the model and hears from it, call after call; `observations` are what it knows already. */
  converse(observations?: number): Conversation {
    return new Conversation(this, observations)
  }

  /** One call whose tokens come one by one. */
  streamChat(options: StreamOptions) {
    return streamChat(this, options)
  }

  /** One logical tool call, with all its attempts. Rejects with ToolFailure when the last of them failed. */
  executeTool(tool: string, options: ToolCallOptions) {
    return executeTool(this, tool, options)
  }

  /** Fetches documents: a tool call whose answer is content. */
  retrieve(source: string, options: ToolCallOptions & { documents: number }) {
    return retrieve(this, source, options)
  }

  processChunk(options: ChunkOptions) {
    return processChunk(this, options)
  }

  /** Waits for a person. */
  awaitHuman(options: HumanOptions) {
    return awaitHuman(this, options)
  }

  /** Asks a person, and ends here for now: once they have answered, the run goes on as this part, in a trace of its own. */
  suspend(options: { delayS: number | undefined; part: string }): void {
    suspend(this, options)
  }

  /** Goes on with what was suspended: a person has answered. */
  resumed(outcome: 'approve' | 'reject' | 'expire'): void {
    resumed(this, outcome)
  }

  /** Writes the run's state away: `sizeKb` at 5 MB a second, half a second at most. */
  checkpoint(sizeKb: number) {
    return checkpoint(this, sizeKb)
  }

  // ── at the same time ──────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Runs `task` for 0 to count − 1, at most `concurrency` at a time, started in this order. A task gets a lane of this
   * step to work in, and how long it waited for it, in whole ms. The first that fails cancels the run; its error is thrown once all have ended.
   */
  async concurrently(
    count: number,
    concurrency: number,
    task: (lane: Step, index: number, queuedMs: number) => Promise<void>,
  ): Promise<void> {
    const { signal, clock, cancel } = this.run
    const askedAt = clock.now()
    const idealMs = new Float64Array(count)
    let failure: { of: unknown } | undefined
    await inLanes(count, concurrency, async (index) => {
      try {
        signal.throwIfAborted()
        const lane = new Step(this.run, this.record, this.span)
        await task(lane, index, Math.round(clock.now() - askedAt))
        idealMs[index] = lane.idealMs
      } catch (error) {
        if (failure) return
        failure = { of: error }
        cancel(new RunCancelled('failure_elsewhere', 'Another step of the run failed', { cause: error }))
      }
    })
    if (failure) throw causeOfCancel(signal) ?? failure.of
    this.idealMs += makespan(idealMs, concurrency)
  }

  /** Runs all branches at once; otherwise as `concurrently`. */
  async together(...branches: ((lane: Step) => Promise<void>)[]): Promise<void> {
    await this.concurrently(branches.length, branches.length, (lane, index) =>
      (branches[index] as (lane: Step) => Promise<void>)(lane),
    )
  }

  // ── what operations are made of ───────────────────────────────────────────────────────────────────────────────────

  /** The one place that opens, and closes. */
  async open<T>(opening: Opening, body: (step: Step) => Promise<T>): Promise<T> {
    const step = this.#start(opening)
    try {
      return await body(step)
    } catch (error) {
      step.fail(errorTypeOf(error), error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      const endMs = this.run.clock.now()
      step.record.duration_ms = endMs - step.record.start_ms
      step.span.end(endMs, step.record)
      this.idealMs += step.idealMs
    }
  }

  #start(opening: Opening): Step {
    const { run } = this
    const { key, facts, agentId = this.record.agent_id, dependsOn, injected } = opening
    if (run.ledger.steps.length >= run.demand.steps) throw new UndeclaredDemand('steps', run.demand.steps)
    const startMs = run.clock.now()
    const span = this.span.open(opening, agentId, startMs, run.facts)
    const record = run.ledger.open({
      parent_id: this.record.id,
      key,
      agent_id: agentId,
      depends_on: dependsOn?.map(({ id }) => id),
      span_id: span.id,
      service: run.serviceName,
      facts,
      start_ms: startMs,
      injected,
    })
    return new Step(run, record, span)
  }

  learn<Op extends Operation>(facts: Partial<Stated<FactsOf<Op>>>): void {
    this.span.learn(this.record.facts.operation, facts)
    this.run.ledger.learn(this.record, facts)
  }

  event(event: StepEvent): void {
    this.span.event(event)
    this.run.ledger.event(this.record, event)
  }

  fail(type: string, message: string): void {
    if (this.record.status === 'error') return
    this.span.fail(type, message)
    this.record.status = 'error'
    this.record.error_type = type
    this.record.status_message = message
  }

  spend(ms: number): Promise<void> {
    this.idealMs += ms
    return this.run.clock.sleep(ms, this.run.signal)
  }
}
