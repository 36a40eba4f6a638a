import { randomBytes } from 'node:crypto'
import { type Context, isSpanContextValid, propagation, trace, TraceFlags, type Tracer } from '@opentelemetry/api'
import type { Clock } from 'service-kit/clock'
import { Random } from 'contract/random'
import { ati } from 'dialects/gen-ai/semconv'
import { spanIdOf } from 'service-kit/spans'
import type { SpanCounters } from 'service-kit/telemetry/processor'
import { replayPath, type ParamValues } from './catalog.ts'
import type { RunCancelled } from './errors.ts'
import { type Finding, findingOf } from './finding.ts'
import type { LedgerStep, RunLedger } from 'contract/ledger'
import { Ledger } from './ledger.ts'
import type { RunContext, RunEvent } from './run-context.ts'
import type { Scenario } from './scenario.ts'
import { Step } from './step.ts'
import { countSpans, summarise } from './summary.ts'
import type { Tools } from './ports.ts'
import type { Turns } from './turns.ts'

/** What every run of this process shares. */
export interface RunDeps {
  clock: Clock
  tools: Tools
  tracer: Tracer
  serviceName: string
  /** Prefix of agent ids; empty for none. */
  agentName: string | undefined
  captureContent: boolean
  turns: Turns
  spanCounters: () => SpanCounters
}

export interface RunRequest {
  /** Where it was asked for: `/run`, or a path of the scenario's own. */
  route: string
  scenario: Scenario
  params: ParamValues
  /** Of the request: its span is the parent of the run. */
  context: Context
  /** The parent that the caller sent, if any. */
  remoteParentSpanId: string | undefined
  emit?: (event: RunEvent) => Promise<void>
}

/** The state every run writes away at its end, KB. */
const checkpointKb = 64

/** What the begin of a run and its end count in a turn, and how many steps of its sum do. */
const piecesOfRun = 16
const stepsOfPiece = 16

/** One run, from its parameters to its result. Make it, then `execute` it once; `cancel` ends it early. */
export class Run {
  readonly seed: string
  readonly traceId: string
  readonly sampled: boolean
  readonly ledger = new Ledger()
  readonly scenario: Scenario
  readonly params: ParamValues
  readonly replay: string
  readonly #deps: RunDeps
  readonly #context: RunContext
  readonly #controller = new AbortController()
  readonly #request: Step
  readonly #traceState: string
  readonly #droppedBefore: number
  #ok: boolean | null = null
  #finding: Finding | null = null
  #state: 'running' | 'closed' = 'running'

  constructor(deps: RunDeps, request: RunRequest) {
    const { route, scenario, context } = request
    const { seed = randomBytes(8).toString('hex'), ...params } = request.params
    const span =
      trace.getSpan(context) ?? trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: TraceFlags.NONE })
    const spanContext = span.spanContext()
    const clock = deps.clock.anchored()
    const isTraced = isSpanContextValid(spanContext)
    this.#deps = deps
    this.scenario = scenario
    this.params = params
    this.seed = String(seed)
    this.replay = replayPath(route, scenario, params, this.seed)
    this.traceId = isTraced ? spanContext.traceId : randomBytes(16).toString('hex')
    this.sampled = isTraced && (spanContext.traceFlags & TraceFlags.SAMPLED) !== 0
    this.#traceState = spanContext.traceState?.serialize() ?? ''
    this.#droppedBefore = deps.spanCounters().dropped
    this.#context = {
      clock,
      tools: deps.tools,
      tracer: deps.tracer,
      ledger: this.ledger,
      random: new Random(this.seed),
      seed: this.seed,
      traceId: this.traceId,
      agentPrefix: deps.agentName ? `${deps.agentName}:` : '',
      serviceName: deps.serviceName,
      captureContent: deps.captureContent,
      turns: deps.turns,
      attributes: { [ati.workflow]: scenario.name, [ati.scenario]: scenario.name },
      conversationId: typeof params.conversation_id === 'string' ? params.conversation_id : undefined,
      jitter: Number(params.jitter),
      llmDelayMs: Number(params.llm_delay_ms),
      signal: this.#controller.signal,
      cancel: (reason) => this.#controller.abort(reason),
      emit: request.emit ?? (() => Promise.resolve()),
      toolCallsInFlight: 0,
    }
    const record = this.ledger.open({
      parent_id: null,
      key: 'request',
      operation: 'http_server',
      agent_id: null,
      span_id: spanIdOf(span),
      remote_parent_span_id: request.remoteParentSpanId ?? null,
      name: `GET ${route}`,
      kind: 'server',
      service: deps.serviceName,
      attributes: {},
      start_ms: clock.now(),
    })
    this.#request = new Step(this.#context, record, 'request', span, context)
  }

  /** Aborted when the run has been ended early. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Ends the run early; what it has under way ends with it. The first reason stays. */
  cancel(reason: RunCancelled): void {
    this.#controller.abort(reason)
  }

  /** Does it. Rejects with RunCancelled or ToolServiceUnreachable when it could not come to its end. */
  async execute(): Promise<RunResult> {
    const { scenario, params } = this
    let workflow: LedgerStep | undefined
    await this.#deps.turns.next(piecesOfRun)
    this.signal.throwIfAborted()
    const ok = await this.#request.invokeWorkflow(scenario.name, async (step) => {
      workflow = step.record
      const reachedGoal = await scenario.run(step, params as never)
      await step.checkpoint(checkpointKb)
      return reachedGoal
    })
    this.#ok = ok
    await this.#deps.turns.next(Math.max(piecesOfRun, this.ledger.steps.length / stepsOfPiece))
    this.#finding = findingOf(scenario.name, this.ledger.steps)
    const { dropped, ...others } = this.#deps.spanCounters()
    return {
      ok,
      scenario: scenario.name,
      elapsed_s: Math.round((workflow as LedgerStep).duration_ms as number) / 1000,
      trace_id: this.traceId,
      seed: this.seed,
      params: this.params,
      replay: this.replay,
      summary: summarise(this.ledger.steps, this.#request.idealMs),
      finding: this.#finding,
      spans: countSpans(this.ledger.steps, this.#deps.serviceName),
      telemetry: { sampled: this.sampled, dropped_during_run: dropped - this.#droppedBefore, dropped, ...others },
    }
  }

  /** The request has been answered: what is known of its span is complete. `failure` has the status of a 5xx answer, or `cancelled`. */
  close(failure?: { type: string; message?: string }): void {
    const { record } = this.#request
    this.#state = 'closed'
    record.duration_ms = this.#context.clock.now() - record.start_ms
    if (failure === undefined) return
    record.status = 'error'
    record.error_type = failure.type
    record.status_message = failure.message ?? ''
  }

  get state(): 'running' | 'closed' {
    return this.#state
  }

  /** The run as `GET /runs` lists it. */
  get summary(): Omit<RunLedger, 'steps' | 'finding'> & { steps: number } {
    const { steps, finding: _, ...rest } = this.toLedger()
    return { ...rest, steps: steps.length }
  }

  /** All that is known of the run by now. */
  toLedger(): RunLedger {
    return {
      trace_id: this.traceId,
      scenario: this.scenario.name,
      seed: this.seed,
      params: this.params,
      replay: this.replay,
      service: this.#deps.serviceName,
      sampled: this.sampled,
      state: this.#state,
      ok: this.#ok,
      started_ms: this.#request.record.start_ms,
      trace_state: this.#traceState,
      age_ms: this.#context.clock.now() - this.#request.record.start_ms,
      finding: this.#finding,
      steps: this.ledger.steps,
    }
  }
}

/** The answer of `/run`. */
export interface RunResult {
  /** Whether the agent reached its goal. */
  ok: boolean
  scenario: string
  /** Of the workflow, s. */
  elapsed_s: number
  trace_id: string
  seed: string
  params: ParamValues
  /** The path that repeats this run. */
  replay: string
  summary: ReturnType<typeof summarise>
  /** What a good tool must see in the trace. */
  finding: Finding | null
  /** What must arrive at the other end of a pipeline. */
  spans: ReturnType<typeof countSpans>
  telemetry: SpanCounters & { sampled: boolean; dropped_during_run: number }
}

/** The span id of the caller that the request's headers name, by whatever propagation is configured. */
export function remoteParentOf(context: Context, headers: NodeJS.Dict<string | string[]>): string | undefined {
  const remote = trace.getSpanContext(propagation.extract(trace.deleteSpan(context), headers))
  return remote && isSpanContextValid(remote) ? remote.spanId : undefined
}
