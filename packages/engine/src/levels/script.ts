import type { FactsOf } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { FaultDeclaration } from '../key/register.ts'

/**
 * A run of level 2 to 4, drawn before it is played: jobs that agents do one step after another, and what was planted in them.
 * Taking a fault out is playing the same script without it (`Out`), so no draw can move for it.
 */
export interface Script {
  /** Who hands the jobs out; without any, it does all the work itself. */
  lead: LeadAgent
  /** What the lead does before it hands out jobs, and after all have ended. */
  before: readonly ScriptStep[]
  jobs: readonly Job[]
  after: readonly ScriptStep[]
  /** Jobs at the same time at most, begun in their order; absent: all at once, each as soon as what it waits for has ended. */
  lanes?: number | undefined
  /** What becomes of the jobs without what is out, where calls have to do with each other; absent: what their steps say. */
  jobsWithout?: ((out: Out) => readonly Job[]) | undefined
  /** Keys of the calls that faults are judged by, together: how long they take. Absent: how long the run takes. */
  compares?: ReadonlySet<string> | undefined
  faults: readonly ScriptFault[]
  decoys: readonly ScriptDecoy[]
  /** Nothing is planted; harmless twins of faults are. */
  isControl: boolean
  /** How often it was drawn before it was taken. */
  draws: number
}

/** The lead's name, and what is said of it beside that. */
export interface LeadAgent {
  name: string
  index?: undefined
  facts: Partial<Omit<FactsOf<'invoke_agent'>, 'operation' | 'agent' | 'definition' | 'provider' | 'conversation_id'>>
}

/** What one agent does. */
export interface Job {
  /** Whose it is, `worker/7`, or `aggregator` without an index; absent: the lead does it itself. */
  agent?: { name: string; index?: number; facts?: LeadAgent['facts'] } | undefined
  /** Indices of earlier jobs that it waits for; on its span a link to each. */
  after?: readonly number[] | undefined
  /** Begins with the job of this index, beside it: in no lane, and only the end of the run waits for it. */
  beside?: number | undefined
  steps: readonly ScriptStep[]
  /** Its steps wait for none of them: each begins so long after the job as its gap says. */
  isOpen?: boolean | undefined
}

/** What its jobs are without what is out. */
export const jobsOf = ({ jobs, jobsWithout }: Pick<Script, 'jobs' | 'jobsWithout'>, out: Out): readonly Job[] =>
  jobsWithout?.(out) ?? jobs

/** Ids of the faults and decoys that are out: they do nothing. */
export type Out = ReadonlySet<string>

/** A figure that a fault may have changed: `value` with the fault `by` in, `base` without. */
export interface Figure {
  value: number
  base: number
  by?: string | undefined
}

export const figure = (value: number): Figure => ({ value, base: value })
export const valueOf = ({ value, base, by }: Figure, out: Out) => (by !== undefined && out.has(by) ? base : value)

/** What a fault makes happen, or keeps from happening. */
export interface Conditional {
  /** Happens only while this fault is in. */
  onlyWith?: string | undefined
  /** Happens only when this fault is out. */
  onlyWithout?: string | undefined
}

export const happens = ({ onlyWith, onlyWithout }: Conditional, out: Out) =>
  (onlyWith === undefined || !out.has(onlyWith)) && (onlyWithout === undefined || out.has(onlyWithout))

interface StepOf<Kind extends string> extends Conditional {
  kind: Kind
  /** The step's key in the ledger, such as `worker/7/call/0`. */
  key: string
  /** How long its agent is busy with itself before it begins, ms: that leaves no span. */
  gapMs: Figure
}

/** One logical tool call; without an attempt that happens it is none. */
export interface CallStep extends StepOf<'call'> {
  tool: string
  /** As text of JSON: the same arguments, the same text. */
  arguments: string
  /** What it answers in the end, as text of JSON: the same answer, the same text. */
  result: string
  /** It fetches so many documents. */
  documents?: number | undefined
  /** What the run was asked for, the same on every call of it. */
  asked?: { delay_ms: number; error_rate: number; max_retries: number } | undefined
  /** Whether its span has arguments and result: unless this says otherwise. */
  capture?: boolean | undefined
  attempts: readonly Attempt[]
  /** The agent takes a refusal for an answer: nothing is lost by it. */
  isRefusalAnAnswer?: boolean | undefined
}

export interface Attempt extends Conditional {
  /** How long it is waited for it after the one before it, ms; of the first attempt it is 0. */
  waitMs: Figure
  /** How long the tool takes, ms. */
  ms: Figure
  /** 200, or with what the tool refuses. */
  status: number
  /** How long the tool asks to be left alone, s, in its `Retry-After`. */
  retryAfterS?: number | undefined
  /** How much it answers, bytes. */
  bytes: number
  /** What the ledger says of it; how long the tool takes unless given. */
  injected?: LedgerStep['injected']
  /** What it answers, where that is not what the call answers. */
  result?: string | undefined
  /** The tool knows by itself that it cannot be asked so, and refuses it at once. */
  isStrict?: boolean | undefined
}

/** One call of the model. */
export interface ChatStep extends StepOf<'chat'> {
  /** Where it is not the usual one. */
  model?: string
  ms: Figure
  /** Of the prompt, all of them. */
  inputTokens: Figure
  /** Of these, read from the cache. */
  cachedTokens: Figure
  outputTokens: number
  /** How many tokens its answer may have: with so many it is cut. */
  maxTokens?: number | undefined
  /** How many tokens the model holds, of prompt and answer. */
  window?: number | undefined
  /** Whether it asks for the call that comes next. */
  asksForTool: boolean
  /** What the user has said, where that is to be known. */
  told?: string | undefined
}

/** One piece of what was retrieved, worked through. */
export interface ChunkStep extends StepOf<'chunk'> {
  ms: Figure
  bytes: number
  /** Which store it is from. */
  source: string
  /** Which text it is: the same text, the same id. */
  document: string
  /** Whether it was worked through before, and is there still: then it makes no tokens. */
  isCached: boolean
  outputTokens: number
  fails: boolean
}

/** Waits for a person. */
export interface WaitStep extends StepOf<'wait'> {
  ms: Figure
  outcome: 'approve' | 'reject' | 'expire'
  /** Nobody waits for the answer here: once it is there, the run goes on in another trace. */
  isLeft?: boolean | undefined
  /** The call that they are asked about: its tool, and its arguments as text of JSON. */
  tool: string
  arguments: string
}

/** One call of the model whose tokens come one by one, beside what other jobs do. */
export interface StreamStep extends StepOf<'stream'> {
  model: string
  inputTokens: number
  /** The first token, and how long it takes. */
  first: { ms: Figure }
  /** From each token to the next, ms, where nothing makes it longer. */
  intervalsMs: readonly number[]
  /** So much of itself longer it is for each other call of its model that is under way. */
  sharing: number
  /** So many times longer it is while a call of this tool is under way. */
  contention: { tool: string; factor: Figure }
  /** After so many tokens none comes for so long beyond that. */
  stall: { afterTokens: number; ms: Figure }
}

/** Hands over to another agent, who plays these steps in a ledger of its own, and waits for it. */
export interface HandOverStep extends StepOf<'hand_over'> {
  /** The agent that takes over, and what it is told: the same message is the same task. */
  to: string
  message: string
  /** It is asked to begin so long after, s. */
  afterS?: number | undefined
  /** What comes back, as text of JSON: the same text, and nothing is new. */
  result: string
  /** How the trace goes on there: below the call, or as one of its own whose root links to the call. */
  isLinked?: boolean | undefined
  /** The fault by which it goes on as one of its own that says nothing of the call. */
  severedBy?: string | undefined
  /** How long it takes until the agent begins, ms. */
  acceptMs: Figure
  steps: readonly ScriptStep[]
}

export type ScriptStep = CallStep | ChatStep | ChunkStep | WaitStep | StreamStep | HandOverStep

/** All of a script's steps in which an agent hands over. */
export const handOversOf = ({ before, jobs, after }: Pick<Script, 'before' | 'jobs' | 'after'>): HandOverStep[] =>
  [before, ...jobs.map(({ steps }) => steps), after].flat().filter((step) => step.kind === 'hand_over')

/** What was planted; its entity's agent is the key of one, and its window is since the jobs begin. */
export interface ScriptFault extends FaultDeclaration {
  /** Keys of the ledger, of calls or of their attempts (`worker/7/call/0/1`): any of them names it. */
  steps: readonly string[]
  /** Whether the outcome, the tokens or the attempts differ by it, whatever time it costs. */
  changesOutcome: boolean
  /** Whether what the agent says in the end is wrong by it, though no call says so. */
  misleads?: boolean | undefined
}

/** Something that looks like a fault and is none. */
export interface ScriptDecoy {
  /** Unlike any fault's. */
  id: string
  /** The fault that it is a symptom of: it is not there without. */
  of?: string | undefined
  kind: string
  /** Keys of the ledger. */
  steps: readonly string[]
  /** Whether naming it is neither right nor wrong, because it costs something or was planted without effect; otherwise naming it is wrong. */
  isNeutral: boolean
}
