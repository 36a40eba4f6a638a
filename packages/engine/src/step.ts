import type { Attributes, Context, Span } from '@opentelemetry/api'
import pLimit from 'p-limit'
import type { Random } from 'contract/random'
import { makespan } from 'findings/schedule'
import { errorType } from 'dialects/gen-ai/semconv'
import { failSpan, openSpan, spanIdOf } from 'service-kit/spans'
import { causeOfCancel, errorTypeOf, RunCancelled } from './errors.ts'
import type { LedgerStep } from 'contract/ledger'
import { keepAll, kept } from './ledger.ts'
import { attributesOf, linksOf, type Opening } from './opening.ts'
import { agentOpening, type AgentOptions, workflowOpening } from './operations/agent.ts'
import { chat, type ChatOptions } from './operations/chat.ts'
import { awaitHuman, checkpoint, processChunk, type ChunkOptions, type HumanOptions } from './operations/other.ts'
import { streamChat, type StreamOptions } from './operations/stream.ts'
import { executeTool, retrieve, type ToolCallOptions } from './operations/tool.ts'
import { type RunContext, spanKinds } from './run-context.ts'

/**
 * A node of a run, and all that a scenario has to work with. Each method opens a span, writes the ledger, does the work
 * and closes both at the same instant; parentage is passed along, never looked up. A body that throws marks its step as
 * failed and the error goes on to the parent: who catches it lives with it.
 */
export class Step {
  readonly run: RunContext
  readonly record: LedgerStep
  /** Names the agent in keys, whatever the step is nested in: `worker/7`. */
  readonly key: string
  readonly context: Context
  readonly #span: Span
  /** How long the step would take if nothing but the drawn times took time, ms. */
  idealMs = 0
  #random: Random | undefined

  constructor(run: RunContext, record: LedgerStep, key: string, span: Span, context: Context) {
    this.run = run
    this.record = record
    this.key = key
    this.#span = span
    this.context = context
  }

  /** Chance for this step, the same whatever happened elsewhere. */
  get random(): Random {
    return (this.#random ??= this.run.random.fork(this.key))
  }

  get agentId(): string {
    return this.record.agent_id ?? ''
  }

  // ── the agent's operations ────────────────────────────────────────────────────────────────────────────────────────

  /** An agent at work: `body` is what it does. */
  invokeAgent<T>(name: string, options: AgentOptions, body: (agent: Step) => Promise<T>): Promise<T> {
    return this.open(agentOpening(this.run, name, options), body)
  }

  /** The whole of a run below its request. */
  invokeWorkflow<T>(name: string, body: (workflow: Step) => Promise<T>): Promise<T> {
    return this.open(workflowOpening(this.run, name), body)
  }

  /** One call of the simulated model. */
  chat(options: ChatOptions = {}) {
    return chat(this, options)
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
    const idealMs = Array.from({ length: count }, () => 0)
    let failure: { of: unknown } | undefined
    await pLimit(concurrency).map(idealMs.keys(), async (index) => {
      try {
        signal.throwIfAborted()
        const lane = this.#lane()
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

  /** The same step, with a sum of ideal time of its own. */
  #lane(): Step {
    return new Step(this.run, this.record, this.key, this.#span, this.context)
  }

  // ── what operations are made of ───────────────────────────────────────────────────────────────────────────────────

  /** Opens a step below this one for as long as `body` takes. */
  async open<T>(opening: Opening, body: (step: Step) => Promise<T>): Promise<T> {
    const step = this.#start(opening)
    try {
      return await body(step)
    } catch (error) {
      step.fail(errorTypeOf(error), error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      step.end()
      this.idealMs += step.idealMs
    }
  }

  #start(opening: Opening): Step {
    const { run } = this
    const { key, operation, name, kind, attempt, injected, dependsOn } = opening
    const agentId = opening.agentId ?? this.agentId
    const attributes = attributesOf(opening, run, agentId)
    const startMs = run.clock.now()
    const { span, context } = openSpan(run.tracer, this.context, {
      name,
      kind: spanKinds[kind],
      attributes,
      links: linksOf(opening, run.traceId, this.#span.spanContext().traceFlags),
      startMs,
    })
    const record = run.ledger.open({
      parent_id: this.record.id,
      key,
      operation,
      agent_id: agentId,
      attempt,
      depends_on: dependsOn?.map(({ id }) => id),
      span_id: spanIdOf(span),
      name,
      kind,
      service: run.serviceName,
      attributes: keepAll(attributes),
      links: dependsOn?.map(({ span_id }) => ({ span_id: span_id ?? '' })),
      start_ms: startMs,
      injected,
    })
    return new Step(run, record, key, span, context)
  }

  /** Adds attributes to span and ledger. */
  set(attributes: Attributes): void {
    this.#span.setAttributes(attributes)
    for (const name in attributes) this.record.attributes[name] = kept(name, attributes[name])
  }

  /** Adds an event, now, to span and ledger. */
  event(name: string, attributes: Record<string, string | number> = {}): void {
    const timeMs = this.run.clock.now()
    this.#span.addEvent(name, attributes, timeMs)
    this.run.ledger.event(this.record, { name, time_ms: timeMs, attributes })
  }

  /** Marks the step as failed; the first reason stays. */
  fail(type: string, message: string): void {
    if (this.record.status === 'error') return
    failSpan(this.#span, type, message)
    this.record.status = 'error'
    this.record.error_type = type
    this.record.status_message = message
    this.record.attributes[errorType] = type
  }

  end(): void {
    const endMs = this.run.clock.now()
    this.record.duration_ms = endMs - this.record.start_ms
    this.#span.end(endMs)
  }

  /** Spends `ms` of drawn time. */
  async spend(ms: number): Promise<void> {
    this.idealMs += ms
    await this.run.clock.sleep(ms, this.run.signal)
  }
}
