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
