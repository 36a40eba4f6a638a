import { hash, randomBytes } from 'node:crypto'
import { type Handed, handoffPath, type Part } from 'contract/handoff'
import type { FactsOf, RunFacts } from 'contract/facts'
import type { Key, KeyAnswer } from 'contract/key'
import type { LedgerStep, RunLedger } from 'contract/ledger'
import type { Usage } from 'contract/usage'
import { parseQuirks } from 'contract/quirks'
import { keyedSeed } from 'contract/secret'
import { compareWithKey, withPlanted } from 'findings/planted'
import { addUsage } from 'findings/usage'
import { businessWorkflow } from './business.ts'
import { replayPath, type ParamValues } from './catalog.ts'
import { drawsOf, toolSeedOf } from './draws.ts'
import { type RunCancelled, succeeded } from './errors.ts'
import { type Finding, findingOf } from './finding.ts'
import { FaultRegister, type InForce } from './key/register.ts'
import { levelOf } from './levels/level.ts'
import { kept, Ledger } from './ledger.ts'
import type { Ports, Recorder, WholeRun } from './ports.ts'
import { Planted } from './planted.ts'
import { profileOf } from './profile/index.ts'
import { severing } from './operations/hand-over.ts'
import type { RunContext, Suspension } from './run-context.ts'
import { isSession, type Plan, type Scenario } from './scenario.ts'
import { Step } from './step.ts'
import { addSpans, countSpans, summarise, usageIn, withPart } from './summary.ts'

/** Whose runs these are. */
export interface Agent {
  serviceName: string
  /** Prefix of agent ids. */
  agentName: string | undefined
  captureContent: boolean
}

export interface RunRequest {
  /** Where it was asked for: `/run`, or a path of the scenario's own. */
  route: string
  scenario: Scenario
  params: ParamValues
  /** Which of its faults it has: all unless this says otherwise. */
  inForce?: InForce | undefined
  /** Of a blind run: its draws and ids come from its seed and this. */
  secret?: string | undefined
  /** Of a blind run whose seed is the keyed one already. */
  isBlind?: boolean | undefined
  /** Which part of it is to be played; absent: the whole, but for parts that others play. */
  part?: Part | undefined
}

/** Where nobody says another, all processes live in the same world: a run is repeated anywhere. */
const defaultWorldSeed = 'world'

/** The state every run writes away at its end, KB. */
const checkpointKb = 64

/** What the begin of a run and its end count in a turn, and how many steps of its sum do. */
const piecesOfRun = 16
const stepsOfPiece = 16

/** One run, from its parameters to its result. Make it, then `execute` it once; `cancel` ends it early. */
export class Run {
  /** Of a blind run, the keyed one: an open run with it draws the same. */
  readonly seed: string
  readonly isBlind: boolean
  readonly ledger: Ledger
  readonly scenario: Scenario
  readonly params: ParamValues
  readonly #route: string
  /** The right answer to it, for whoever has asked for that. */
  key: KeyAnswer = null
  /** The trace in which it went on, once it has. */
  resumedIn: string | undefined
  readonly #part: Part | undefined
  readonly #recorder: Recorder
  readonly #plan: Plan
  readonly #context: RunContext
  readonly #controller = new AbortController()
  readonly #root: Step
  #ok: boolean | null = null
  #workflow: LedgerStep | undefined
  #finding: Finding | null = null
  #usage: Usage | null = null
  /** Of the finding, with nothing of what was planted. */
  #sentence = ''
  #state: 'running' | 'closed' = 'running'

  constructor(
    { clock, tools, peers, recorder, emit, pause }: Ports,
    agent: Agent,
    { route, scenario, params: given, secret, isBlind = secret !== undefined, part, inForce }: RunRequest,
  ) {
    const { seed = randomBytes(8).toString('hex'), ...params } = given
    // No seed has a blank.
    if (secret !== undefined && levelOf(params) > 1) params.world ??= keyedSeed(secret, ' world')
    this.scenario = scenario
    this.params = params
    this.isBlind = isBlind
    this.#part = part
    this.seed = secret === undefined ? String(seed) : keyedSeed(secret, String(seed))
    this.#route = route
    this.#recorder = recorder
    this.#plan = scenario.plan(params, part !== undefined)
    this.ledger = new Ledger(recorder.readsContent ?? false)
    const random = drawsOf(this.seed, scenario.name)
    const faults = new FaultRegister(inForce)
    this.#context = {
      clock,
      tools,
      peers,
      emit,
      pause,
      ledger: this.ledger,
      // What parts draw is alike in no other.
      random: part ? random.fork(part.name) : random,
      seed: this.seed,
      toolSeed: toolSeedOf(random),
      isBlind: this.isBlind,
      facts: { workflow: this.isBlind ? businessWorkflow : scenario.name, scenario: scenario.name },
      worldSeed: String(params.world ?? defaultWorldSeed),
      agentPrefix: agent.agentName ? `${agent.agentName}:` : '',
      serviceName: agent.serviceName,
      captureContent: agent.captureContent,
      readsContent: recorder.readsContent ?? false,
      conversationId: conversationOf(params, scenario, recorder.traceId, part),
      profile: profileOf(params),
      quirks: new Set(parseQuirks(params.quirks)),
      planted: new Planted(params, random, faults),
      faults,
      jitter: Number(params.jitter),
      llmDelayMs: Number(params.llm_delay_ms),
      llmErrorRate: Number(params.llm_error_rate ?? 0),
      signal: this.#controller.signal,
      cancel: (reason) => this.#controller.abort(reason),
      demand: this.#plan.demand,
      toolCalls: 0,
      toolCallsInFlight: 0,
      whole: () => this.whole,
      traceId: recorder.traceId,
      handed: [],
      suspends: inForce === undefined,
      suspended: undefined,
    }
    const asked = part ? ({ method: 'POST', route: handoffPath } as const) : ({ method: 'GET', route } as const)
    const facts: FactsOf<'http_server'> = { operation: 'http_server', ...asked }
    const record = this.ledger.open({
      parent_id: null,
      key: 'request',
      agent_id: null,
      span_id: recorder.request.id,
      remote_parent_span_id: recorder.remoteParentSpanId,
      service: agent.serviceName,
      facts,
      start_ms: clock.now(),
    })
    this.#root = new Step(this.#context, record, recorder.request)
    if (part?.severed_from) faults.strikes(severing(part.name), record.key)
    const linked = part?.resumes ?? part?.linked_from
    if (!linked) return
    recorder.request.link(linked)
    record.links = [linked]
    faults.decoy(record.key)
  }

  /** What every step says of the run. */
  get facts(): RunFacts {
    return this.#context.facts
  }

  /** The path that repeats it; of a part, the whole that it is a part of. */
  get replay(): string {
    return replayPath(this.#route, this.scenario, this.params, this.seed)
  }

  get serviceName(): string {
    return this.#context.serviceName
  }

  get traceId(): string {
    return this.#recorder.traceId
  }

  /** The same run again, whoever plays it. */
  get request(): RunRequest {
    const { scenario, isBlind } = this
    const { params } = this.whole
    return { route: this.#route, scenario, params, isBlind, ...(this.#part && { part: this.#part }) }
  }

  /** The same, for whoever plays a part of it: with the conversation that it is of. */
  get whole(): WholeRun {
    const { scenario, isBlind } = this
    const { conversationId } = this.#context
    const conversation = isSession(scenario, this.params) &&
      conversationId !== undefined && { conversation_id: conversationId }
    return { scenario: scenario.name, params: { ...this.params, seed: this.seed, ...conversation }, isBlind }
  }

  /** Every fault that has struck it. */
  get faults(): FaultRegister {
    return this.#context.faults
  }

  /** Whether the agent reached its goal; null before the end, and where there was none. */
  get ok(): boolean | null {
    return this.#ok
  }

  /** Where it has ended for now: when it goes on, and as what part. */
  get suspended(): Suspension | undefined {
    return this.#context.suspended
  }

  /** Of a part: what its agent says to whoever handed it over. */
  get handed(): Handed {
    const { steps } = this.ledger
    return {
      trace_id: this.traceId,
      span_id: this.#root.record.span_id ?? '',
      agent_span_id: steps.find(({ facts }) => facts.operation === 'invoke_agent')?.span_id ?? null,
      ok: this.#ok === true,
      summary: summarise(steps, this.#root.idealMs),
      usage: usageIn(steps),
      spans: countSpans(steps, this.#context.serviceName, this.#recorder.dialect),
    }
  }

  /** Aborted when the run has been ended early. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Ends the run early; what it has under way ends with it. The first reason stays. */
  cancel(reason: RunCancelled): void {
    this.#controller.abort(reason)
  }

  /** Does it, and says what came of it. Rejects as `play` does. */
  async execute(): Promise<RunResult> {
    await this.play()
    await this.#context.pause?.(Math.max(piecesOfRun, this.ledger.steps.length / stepsOfPiece))
    return this.conclude()
  }

  /** Does it. Rejects with RunCancelled or ToolServiceUnreachable when it could not come to its end. */
  async play(): Promise<void> {
    await this.#context.pause?.(piecesOfRun)
    this.signal.throwIfAborted()
    if (this.#part) {
      this.#ok = await this.#plan.runPart(this.#root, this.#part.name)
      return
    }
    this.#ok = await this.#root.invokeWorkflow(async (step) => {
      this.#workflow = step.record
      let reachedGoal = false
      // Nobody above the workflow could live with what nobody below it did.
      await succeeded(this.#plan.run(step).then((ok) => (reachedGoal = ok)))
      await step.checkpoint(checkpointKb)
      return reachedGoal
    })
  }

  /** What came of a run that has been played. */
  conclude(): RunResult {
    const { scenario } = this
    const { dialect } = this.#recorder
    this.#finding = findingOf(scenario.finding, this.ledger, dialect)
    this.ledger.forgetSaid()
    this.#sentence = this.#finding.text
    this.#usage = usageIn(this.ledger.steps)
    const { serviceName, handed } = this.#context
    const ofTrace = handed.filter(({ trace_id }) => trace_id === this.traceId)
    const spans = countSpans(this.ledger.steps, serviceName, dialect)
    const summary = summarise(this.ledger.steps, this.#root.idealMs)
    return {
      ok: this.#ok as boolean,
      scenario: scenario.name,
      elapsed_s: Math.round((this.#workflow ?? this.#root.record).duration_ms ?? 0) / 1000,
      trace_id: this.traceId,
      seed: this.seed,
      params: this.params,
      replay: this.replay,
      summary: handed.reduce((sum, part) => withPart(sum, part.summary), summary),
      usage: handed.reduce((sum, part) => addUsage(sum, part.usage), this.#usage),
      finding: this.#finding,
      spans: ofTrace.reduce((sum, part) => addSpans(sum, part.spans), spans),
      ...(isSession(scenario, this.params) && { session: this.#session }),
    }
  }

  get #session(): Session {
    const { conversationId: conversation_id = '', suspended } = this.#context
    const severed = this.ledger.steps.flatMap(({ handed_over: taken }) =>
      taken && !taken.in_trace ? [taken.trace_id] : [],
    )
    return {
      conversation_id,
      trace_ids: [this.traceId, ...severed],
      resumes_after_s: suspended ? suspended.afterMs / 1000 : null,
    }
  }

  /** Says with its finding how what was found compares with what was planted. */
  tell(key: Key): void {
    const finding = this.#finding
    if (finding) finding.text = withPlanted(this.#sentence, compareWithKey(key, finding.observed.span_ids))
  }

  /** The request has been answered: what is known of its span is complete. `failure` has the status of a 5xx answer, or `cancelled`. */
  answered(failure?: { type: string; message?: string }): void {
    const { record } = this.#root
    record.duration_ms = this.#context.clock.now() - record.start_ms
    if (failure === undefined) return
    record.status = 'error'
    record.error_type = failure.type
    record.status_message = failure.message ?? ''
  }

  /** It has been played and answered: nothing more comes of it, but for steps that nobody waited for. */
  close(): void {
    if (this.#root.record.duration_ms === null) this.answered()
    this.#state = 'closed'
  }

  get state(): 'running' | 'closed' {
    return this.#state
  }

  /** The run as `GET /runs` lists it. */
  get summary(): Omit<RunLedger, 'steps' | 'finding' | 'key' | 'usage'> & { steps: number } {
    const { steps, finding: _finding, key: _key, usage: _usage, ...rest } = this.toLedger()
    return { ...rest, steps: steps.length }
  }

  /** All that is known of the run by now. */
  toLedger(): RunLedger {
    const { quirks } = this.#recorder.dialect
    return {
      trace_id: this.traceId,
      ...this.#context.facts,
      seed: this.seed,
      ...(this.isBlind && { blind: true }),
      params: this.params,
      replay: this.replay,
      service: this.#context.serviceName,
      dialect: this.#recorder.dialect.name,
      ...(quirks.length > 0 && { quirks: [...quirks] }),
      ...(this.#context.conversationId !== undefined && { conversation_id: this.#context.conversationId }),
      ...(this.#part && { part: this.#part }),
      ...(this.suspended && { resumed_in: this.resumedIn ?? '' }),
      sampled: this.#recorder.sampled,
      state: this.#state,
      ok: this.#ok,
      started_ms: this.#root.record.start_ms,
      trace_state: this.#recorder.traceState,
      age_ms: this.#context.clock.now() - this.#root.record.start_ms,
      finding: this.#finding,
      key: this.key,
      usage: this.#usage,
      steps: this.#context.readsContent ? this.ledger.steps.map(kept) : this.ledger.steps,
    }
  }
}

/** What joins a run to others: what its caller said, or for one that goes on in other traces a name of its own: no seed repeats a trace. */
function conversationOf(params: ParamValues, scenario: Scenario, traceId: string, part?: Part): string | undefined {
  if (part?.severed_from && params.severed_conversation === 'lost') return undefined
  if (typeof params.conversation_id === 'string') return params.conversation_id
  return isSession(scenario, params) ? `conv_${hash('sha256', `conversation ${traceId}`).slice(0, 16)}` : undefined
}

/** What came of a run. */
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
  /** What its model calls used, and what that costs. */
  usage: Usage
  /** What a good tool must see in the trace. */
  finding: Finding
  /** What must arrive at the other end of a pipeline, of this trace. */
  spans: ReturnType<typeof countSpans>
  /** Of a run that goes on in other traces. */
  session?: Session
}

/** The traces that are one session. */
export interface Session {
  conversation_id: string
  /** By now: this one, and those that it does not know of any more. */
  trace_ids: string[]
  /** When it goes on in one more, once a person has answered; null where nobody was asked. */
  resumes_after_s: number | null
}
