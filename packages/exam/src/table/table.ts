/** A piece of work as spans show it: an attempt of a tool call, a model call, a chunk, a wait for a person, a hand-over. */
export interface Step {
  /** What names it in an answer. */
  span_id: string
  kind: 'tool' | 'model' | 'chunk' | 'wait' | 'handover'
  /** The tool, the model, where a chunk is from, or the agent that took over. */
  name: string
  /** The agent that did it. */
  agent: string | null
  /** Which job it is part of; -1 where nobody waits for it. */
  job: number
  start_ms: number
  ms: number
  /** Since the step before it in its job ended, or since the job could begin. */
  gap_ms: number
  /** How long it was asked to wait before this step, by a Retry-After or a poll's answer. */
  asked_ms: number
  /** Of what came back, KB. */
  kb: number
  failure: 'unavailable' | 'invalid' | 'limited' | null
  /** The same text is the same arguments, and the same answer; empty where none was. Of a model what it was told, where that is said. */
  args: string
  result: string
  isWrite: boolean
  uncached_tokens: number
  cached_tokens: number
  output_tokens: number
  /** How many tokens its model holds; Infinity where nobody says it. */
  window: number
  /** The answer is cut: it may have had no more tokens. */
  isCut: boolean
  /** The answer came from a cache. */
  isCached: boolean
  /** Of a hand-over. */
  handed?: Handed | undefined
}

export interface Handed {
  /**
   * Where the agent is that took over: below the call, which then takes until that agent begins; in a trace of its own, whose
   * root links to the call or says nothing; or in none.
   */
  reach: 'below' | 'linked' | 'orphan' | 'nowhere'
  /** All of the call, ms. */
  ms: number
  /** Who handed over went on meanwhile. */
  isLeftAlone: boolean
}

/** The tokens that had come at a moment of a streamed answer. */
export interface TokenMark {
  ms: number
  tokens: number
}

/** A streamed answer. */
export interface Streamed {
  /** Of its step. */
  span_id: string
  /** From its start; the first is its first token. */
  marks: [TokenMark, ...TokenMark[]]
}

/** A trace as a table of steps, in order of jobs and of start in each. */
export interface Table {
  trace_id: string
  steps: Step[]
  /** For each job those that it waited for. */
  after: number[][]
  /** How many jobs ran at the same time at most. */
  lanes: number
  /** The streamed answer; undefined in a run without one. */
  streamed: Streamed | undefined
}
