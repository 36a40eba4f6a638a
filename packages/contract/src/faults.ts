/** What can be planted in a run. */
export const faultKinds = [
  'straggler',
  'slow_tool',
  'failure',
  'slow_model',
  'model_failure',
  'contention',
  'severed',
  'repetition',
  'flaw',
  'hallucination',
  'overflow',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** What of a call a fault is seen in; taxonomy.ts has the words of published taxonomies. */
export type FaultCategory =
  'latency' | 'failure' | 'model_failure' | 'contention' | 'context' | 'loop' | 'answer' | 'call' | 'overflow'

/** Parameters that take a fault out of a run, and what to call that; every other decision stays the same. */
export interface Remedy {
  changes: Readonly<Record<string, number | string>>
  label: string
}

/** A fault changes one draw of a call, and no other: it multiplies it, or replaces it; or it adds calls, and changes no other. */
export type Fault = { category: FaultCategory; remedy: Remedy } & (
  { multiplies: 'latency' | 'token_interval' } | { replaces: 'outcome' | 'context' | 'answer' } | { adds: 'calls' }
)

export const faults = {
  straggler: {
    category: 'latency',
    multiplies: 'latency',
    remedy: { changes: { stragglers: 0 }, label: 'nothing slow' },
  },
  slow_tool: {
    category: 'latency',
    multiplies: 'latency',
    remedy: { changes: { slow_tool_probability: 0 }, label: 'no slow tool' },
  },
  failure: {
    category: 'failure',
    replaces: 'outcome',
    remedy: { changes: { error_rate: 0 }, label: 'no errors' },
  },
  slow_model: {
    category: 'latency',
    multiplies: 'latency',
    remedy: { changes: { faults: 'off' }, label: 'nothing planted' },
  },
  model_failure: {
    category: 'model_failure',
    replaces: 'outcome',
    remedy: { changes: { llm_error_rate: 0 }, label: 'a model that does not fail' },
  },
  contention: {
    category: 'contention',
    multiplies: 'token_interval',
    remedy: { changes: { contention: 0 }, label: 'background work that slows nothing down' },
  },
  severed: {
    category: 'context',
    replaces: 'context',
    remedy: { changes: { severed: 0 }, label: 'context that travels' },
  },
  repetition: {
    category: 'loop',
    adds: 'calls',
    remedy: { changes: { repeats: 0 }, label: 'nothing repeated' },
  },
  flaw: {
    category: 'answer',
    replaces: 'answer',
    remedy: { changes: { flaws: 0 }, label: 'answers that are right' },
  },
  hallucination: {
    category: 'call',
    adds: 'calls',
    remedy: { changes: { hallucinations: 0 }, label: 'a model that asks for what there is' },
  },
  overflow: {
    category: 'overflow',
    replaces: 'answer',
    remedy: { changes: { fill: 0 }, label: 'no answer that fills the context' },
  },
} satisfies Record<FaultKind, Fault>

/** Faults that a slowdown may be. */
export type Slowdown = {
  [Kind in FaultKind]: (typeof faults)[Kind] extends { multiplies: 'latency' } ? Kind : never
}[FaultKind]
