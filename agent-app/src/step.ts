import { randomBytes } from 'node:crypto'
import { type Attributes, type Context, isSpanContextValid, type Span, TraceFlags } from '@opentelemetry/api'
import pLimit from 'p-limit'
import type { Random } from 'service-kit/random'
import { makespan } from 'service-kit/analysis/schedule'
import { type AtiSpanKind, ati, errorType, genAi, openInferenceKind } from 'service-kit/semconv'
import { failSpan, openSpan } from 'service-kit/spans'
import { errorTypeOf, RunCancelled, ToolFailure } from './errors.ts'
import { kept, type LedgerStep, type Operation } from './ledger.ts'
import { chat, type ChatOptions } from './operations/chat.ts'
import { awaitHuman, checkpoint, processChunk, type ChunkOptions, type HumanOptions } from './operations/other.ts'
import { streamChat, type StreamOptions } from './operations/stream.ts'
import { executeTool, retrieve, type ToolCallOptions } from './operations/tool.ts'
import { provider } from './model.ts'
import { type RunContext, spanKinds } from './run-context.ts'

/** What is known of a step before it starts. */
export interface Opening {
  key: string
  operation: Operation
  name: string
  kind: LedgerStep['kind']
  spanKind?: AtiSpanKind
  attributes?: Attributes
  /** Another agent instance than the parent's. */
  agentId?: string
  attempt?: number
  injected?: LedgerStep['injected']
  /** Steps that this one waited for: a span link to each. */
  dependsOn?: readonly LedgerStep[]
}

export interface AgentOptions {
  /** Which of several agents of this name. */
  index?: number
  attributes?: Attributes
  dependsOn?: readonly LedgerStep[]
}

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
    const { run } = this
    const key = options.index === undefined ? name : `${name}/${options.index}`
    const isPlanner = name === 'planner' || name === 'react'
    return this.open(
      {
        key,
        operation: 'invoke_agent',
        name: `invoke_agent ${name}`,
        kind: 'internal',
        spanKind: isPlanner ? 'planner' : 'worker',
        agentId: `${run.agentPrefix}${name}:${options.index ?? 'v1'}`,
        attributes: {
          [genAi.operationName]: 'invoke_agent',
          [genAi.providerName]: provider,
          [genAi.agentName]: name,
          [genAi.agentId]: `${run.agentPrefix}${name}:v1`,
          ...(run.conversationId !== undefined && { [genAi.conversationId]: run.conversationId }),
          ...options.attributes,
        },
        ...(options.dependsOn && { dependsOn: options.dependsOn }),
      },
      body,
    )
  }

  /** The whole of a run below its request. */
  invokeWorkflow<T>(name: string, attributes: Attributes, body: (workflow: Step) => Promise<T>): Promise<T> {
    return this.open(
      {
        key: 'workflow',
        operation: 'invoke_workflow',
        name: `invoke_workflow ${name}`,
        kind: 'internal',
        spanKind: 'workflow',
        agentId: `${this.run.agentPrefix}workflow:v1`,
        attributes: {
          [genAi.operationName]: 'invoke_workflow',
          [genAi.workflowName]: name,
          [openInferenceKind]: 'CHAIN',
          ...attributes,
        },
      },
      body,
    )
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
   * step to work in, and how long it waited for it. The first that fails cancels the run; its error is thrown once all have ended.
   */
  async concurrently(
    count: number,
    concurrency: number,
    task: (lane: Step, index: number, queuedMs: number) => Promise<void>,
  ): Promise<void> {
    const { signal, clock } = this.run
    const limit = pLimit(concurrency)
    const askedAt = clock.now()
    const idealMs = Array.from({ length: count }, () => 0)
    const tasks = Array.from({ length: count }, (_, index) =>
      limit(async () => {
        signal.throwIfAborted()
        const lane = this.#lane()
        await task(lane, index, clock.now() - askedAt)
        idealMs[index] = lane.idealMs
      }),
    )
    await this.#allOf(tasks)
    this.idealMs += makespan(idealMs, concurrency)
  }

  /** Runs all branches at once; otherwise as `concurrently`. */
  async together(...branches: ((lane: Step) => Promise<void>)[]): Promise<void> {
    await this.concurrently(branches.length, branches.length, (lane, index) =>
      (branches[index] as (lane: Step) => Promise<void>)(lane),
    )
  }

  async #allOf(tasks: Promise<void>[]): Promise<void> {
    const guarded = tasks.map(async (task) => {
      try {
        await task
      } catch (error) {
        this.run.cancel(new RunCancelled('failure_elsewhere', 'Another step of the run failed', { cause: error }))
        throw error
      }
    })
    const failed = (await Promise.allSettled(guarded)).find((outcome) => outcome.status === 'rejected')
    if (!failed) return
    const reason: unknown = this.run.signal.reason
    throw reason instanceof RunCancelled && reason.cause ? reason.cause : failed.reason
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
    const agentId = opening.agentId ?? this.agentId
    const attributes: Attributes = { ...opening.attributes }
    if (opening.operation !== 'http_client') {
      Object.assign(attributes, run.attributes, {
        [ati.agentId]: agentId,
        [ati.spanKind]: opening.spanKind ?? 'internal',
      })
    }
    const startMs = run.clock.now()
    const links = (opening.dependsOn ?? []).map(({ span_id }) => ({
      context: {
        traceId: run.traceId,
        spanId: span_id ?? '',
        traceFlags: this.#span.spanContext().traceFlags || TraceFlags.NONE,
      },
    }))
    const { span, context } = openSpan(run.tracer, this.context, {
      name: opening.name,
      kind: spanKinds[opening.kind],
      attributes,
      links,
      startMs,
    })
    const written: LedgerStep['attributes'] = {}
    for (const name in attributes) written[name] = kept(name, attributes[name])
    const record = run.ledger.open({
      parent_id: this.record.id,
      key: opening.key,
      operation: opening.operation,
      agent_id: agentId,
      span_id: spanIdOf(span),
      name: opening.name,
      kind: opening.kind,
      service: run.serviceName,
      attributes: written,
      start_ms: startMs,
      ...(opening.attempt !== undefined && { attempt: opening.attempt }),
      ...(opening.injected && { injected: opening.injected }),
      ...(opening.dependsOn && {
        depends_on: opening.dependsOn.map(({ id }) => id),
        links: opening.dependsOn.map(({ span_id }) => ({ span_id: span_id ?? '' })),
      }),
    })
    return new Step(run, record, opening.key, span, context)
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

/** The span's id, or one that nobody else has where the SDK is off and spans have none. */
export function spanIdOf(span: Span): string {
  const context = span.spanContext()
  return isSpanContextValid(context) ? context.spanId : randomBytes(8).toString('hex')
}

/** Whether a tool did what it was asked to; an agent that uses this lives with a failure. Anything but a tool's failure is thrown. */
export async function succeeded(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof ToolFailure) return false
    throw error
  }
}
