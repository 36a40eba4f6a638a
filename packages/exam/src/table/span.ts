import type { AnalysisStep } from 'findings/step'

/** A span as an exam reads it: in words of facts, and what it waited for. */
export interface ExamSpan extends AnalysisStep {
  /** What a model was told, as text; absent where the span does not say. */
  told?: string | undefined
  /** Span ids. */
  links: readonly string[]
}

/** The spans of a trace by id, and what is below each. */
export interface Tree {
  spans: readonly ExamSpan[]
  byId: ReadonlyMap<string, ExamSpan>
  childrenOf: (id: string) => readonly ExamSpan[]
}

export function treeOf(spans: readonly ExamSpan[]): Tree {
  const byId = new Map(spans.map((span) => [span.span_id, span]))
  const children = Map.groupBy(spans, ({ parent_span_id }) => parent_span_id)
  return { spans, byId, childrenOf: (id) => children.get(id) ?? [] }
}

/** A trace that begins with what an agent was handed by nobody of that trace. */
export interface TakenElsewhere {
  /** Of the root, and of the agent below it. */
  root: ExamSpan
  agent: ExamSpan
  spans: readonly ExamSpan[]
}

/** It, where a trace is one: a request that is no run of its own, with an agent below it. */
export function takenIn(spans: readonly ExamSpan[]): TakenElsewhere | undefined {
  const root = spans.find(({ parent_span_id }) => parent_span_id === null)
  const agent = spans.find(
    ({ operation, parent_span_id }) => operation === 'invoke_agent' && parent_span_id === root?.span_id,
  )
  return root && agent && { root, agent, spans }
}

/**
 * The spans of a trace together with those of traces that go on with it: whose root links to an agent that had asked a person,
 * and whose agent is the same one.
 */
export function goneOn(spans: readonly ExamSpan[], elsewhere: readonly TakenElsewhere[]): ExamSpan[] {
  let all = [...spans]
  for (const { root, agent, spans: rest } of elsewhere) {
    const asked = all.find(({ operation, span_id }) => operation === 'invoke_agent' && root.links.includes(span_id))
    if (!asked) continue
    const own = rest.filter((span) => span !== root && span !== agent)
    all = [
      ...all.map((span) => answered(span, asked, agent)),
      ...own.map((span) => (span.parent_span_id === agent.span_id ? { ...span, parent_span_id: asked.span_id } : span)),
    ]
  }
  return all
}

/** An agent lasts until it has done what it does later, and what it had asked last until it does. */
function answered(span: ExamSpan, asked: ExamSpan, agent: ExamSpan): ExamSpan {
  if (span === asked) return { ...span, end_ms: agent.end_ms }
  const isLeft = span.operation === 'human_feedback' && !span.events.some(({ outcome }) => outcome !== undefined)
  return isLeft ? { ...span, end_ms: agent.start_ms, events: [...span.events, ...agent.events] } : span
}

/** The agent that a span is below; undefined for one that is below none. */
export function agentAbove({ byId }: Tree, span: ExamSpan): ExamSpan | undefined {
  const seen = new Set<string>()
  for (let at = span.parent_span_id; at !== null && !seen.has(at); at = byId.get(at)?.parent_span_id ?? null) {
    const above = byId.get(at)
    if (above?.operation === 'invoke_agent') return above
    seen.add(at)
  }
  return undefined
}
