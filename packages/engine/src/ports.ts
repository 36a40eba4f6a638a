import type { Handed, Part, SpanRef } from 'contract/handoff'
import type { Operation, RunFacts, Stated, StepEvent } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { ToolAnswer } from 'contract/tool'
import type { Flaw } from 'contract/toolbox'
import type { Dialect } from 'dialects/dialect'

/** What a run needs of the world. On the wall clock, over HTTP and through an SDK, or in virtual time: nothing else differs. */
export interface Ports {
  clock: Clock
  tools: Tools
  peers: Peers
  recorder: Recorder
  /** Absent where nobody reads along. */
  emit?: Emit | undefined
  /** Absent where nobody else waits for this process. */
  pause?: Pause | undefined
}

/** Where a run takes its time from: spans, ledger and waits all read the same one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, with fraction; never goes back. */
  now(): number
  /** Resolves after `ms` or rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What a tool is asked, as text of JSON. */
export interface Asked {
  /** Of drawn arguments made when somebody reads it. */
  readonly text: string
  /** Drawn arguments are of a tool that there is, and fit; others may be refused. */
  readonly isDrawn: boolean
}

/** One attempt of a tool call, and how the tool is to behave. */
export interface ToolCall {
  tool: string
  /** How long it takes, ms. */
  delayMs: number
  /** How often calls like it fail, 0 to 1, and whether this one does: seed and key decide that wherever they are asked. */
  errorRate: number
  fails: boolean
  /** What it answers when it fails, and how long it then asks to be left alone, s; 503, and nothing, unless given. */
  status?: number | undefined
  retryAfterS?: number | undefined
  /** How much it answers. */
  payloadKb: number
  /** What it is asked, strictly; absent: nobody says, and nobody checks. */
  asked?: Asked | undefined
  /** How its answer is wrong that comes with a 200. */
  flaw?: Flaw | undefined
  /** Another version, another answer to the same arguments. */
  version?: number | undefined
  seed: string
  key: string
}

/** The tools as an agent sees them. */
export interface Tools {
  /** Where a tool is. */
  addressOf(tool: string): ToolAddress
  /** Makes one call, with no retry, below its CLIENT span. Rejects with ToolFailure, ToolServiceUnreachable or the signal's reason. */
  call(call: ToolCall, span: OpenSpan, signal: AbortSignal): Promise<Answer>
}
/** What a tool answered; in virtual time nobody makes a payload that nobody reads. */
export type Answer = Readonly<ToolAnswer & { payloadBytes: number }>
export type ToolAddress = { readonly url: string; readonly server_address: string; readonly server_port: number }

/** A run as whoever plays a part of it has to know it. */
export interface WholeRun {
  /** By its name. */
  scenario: string
  /** Its seed among them; of a blind run, the keyed one. */
  params: Readonly<Record<string, string | number | boolean>>
  isBlind: boolean
}

/** A part of a run that is handed over. */
export interface HandOver {
  run: WholeRun
  part: Part
  /** Whether the trace goes on there. */
  carriesContext: boolean
  callId: string
  /** To whom, and what they are told. */
  arguments: { agent: string; message: string; after_s?: number }
}

/** The other agents, as an agent sees them: one is enough, and it may be itself. */
export interface Peers {
  /** Where they are. */
  readonly address: { readonly server_address: string; readonly server_port: number }
  /** Hands over below a CLIENT span, and waits. Rejects with ToolFailure or the signal's reason. */
  handOver(call: HandOver, span: OpenSpan, signal: AbortSignal): Promise<Handed>
}

/** What writes the spans of one run. */
export interface Recorder {
  readonly dialect: Dialect
  readonly traceId: string
  /** false: nothing is expected to arrive. */
  readonly sampled: boolean
  /** As the caller sent it; empty for none. */
  readonly traceState: string
  /** The parent that the caller of the run sent, if any. */
  readonly remoteParentSpanId: string | null
  /** Whether it reads content off the ledger: there it then stays as it was stated, until `Run.toLedger`. */
  readonly readsContent?: boolean
  /** Of the request: the root of the run, which whoever made it ends. */
  readonly request: OpenSpan
}

/** What a span begins with. */
export interface SpanOpening {
  /** As the step states them. The ledger keeps no content for a recorder that does not read it: it comes here and with `learn`. */
  facts: Stated
  /** Steps that this one waited for: a span link to each. */
  dependsOn?: readonly LedgerStep[] | undefined
}

/** A span under way. */
export interface OpenSpan {
  readonly id: string
  /** Opens a span below this one. */
  open(opening: SpanOpening, agentId: string | null, startMs: number, run: RunFacts): OpenSpan
  /** Facts that came later. */
  learn(operation: Operation, facts: Readonly<Record<string, unknown>>): void
  event(event: StepEvent): void
  fail(errorType: string, message: string): void
  /** `step` is all that became of it. */
  end(endMs: number, step: LedgerStep): void
  /** Adds what hands the trace on to the headers of a call. */
  inject(headers: Record<string, string>): void
  /** Links to a span of another trace. */
  link(to: SpanRef): void
}

/**
 * Asked before work begins that may come by the thousand: all at once, it would keep everybody else waiting. Resolves when so
 * many pieces may go on (one is the begin or the end of a call); undefined when they may at once.
 */
export type Pause = (pieces: number) => Promise<void> | undefined

/** Something to be told while a run goes on. */
export type RunEvent =
  | { type: 'token'; index: number; text: string }
  | { type: 'tool'; index: number; tool: string; ok: boolean; duration_ms: number }

/** Resolves when the reader has taken it; undefined when there is room for more at once. */
export type Emit = (event: RunEvent) => Promise<void> | undefined
