/** A span as the examiner needs it. */
export interface ExamSpan {
  span_id: string
  parent_span_id: string | null
  operation: string
  agent_id: string | null
}

export interface Score {
  /** `right`: all culprits and nothing else. `partly`: some. `wrong`: none, or a culprit where there is none. */
  verdict: 'right' | 'partly' | 'wrong'
  /** Of what was pointed at, the share that is a culprit; 1 when rightly nothing was. */
  precision: number
  /** Of the culprits, the share that was pointed at; 1 where there are none. */
  recall: number
  /** Culprits that were pointed at. */
  found: string[]
  missed: string[]
  /** What was pointed at and is no culprit. */
  wrong: string[]
}

/**
 * Scores an answer. A culprit counts as pointed at when the answer names it, something below it (its HTTP call), or the
 * agent whose only work it is. An empty answer says that nothing is wrong.
 */
export function score(truth: readonly string[], answer: readonly string[], spans: readonly ExamSpan[]): Score {
  const bySpan = new Map(spans.map((span) => [span.span_id, span]))
  const culprits = new Set(truth)
  const sole = soleWorkOf(spans)
  const found = new Set<string>()
  const wrong: string[] = []
  for (const id of new Set(answer)) {
    const culprit = culpritAbove(id, culprits, bySpan) ?? culpritIn(sole.get(id), culprits)
    if (culprit === undefined) wrong.push(id)
    else found.add(culprit)
  }
  const pointed = new Set(answer).size
  const precision = pointed === 0 ? Number(truth.length === 0) : (pointed - wrong.length) / pointed
  const recall = culprits.size === 0 ? 1 : found.size / culprits.size
  const isRight = precision === 1 && recall === 1
  return {
    verdict: isRight ? 'right' : found.size > 0 ? 'partly' : 'wrong',
    precision,
    recall,
    found: [...found],
    missed: [...culprits].filter((id) => !found.has(id)),
    wrong,
  }
}

function culpritAbove(id: string, culprits: ReadonlySet<string>, bySpan: ReadonlyMap<string, ExamSpan>) {
  const seen = new Set<string>()
  for (let at: string | null = id; at !== null && !seen.has(at); at = bySpan.get(at)?.parent_span_id ?? null) {
    if (culprits.has(at)) return at
    seen.add(at)
  }
  return undefined
}

const culpritIn = (id: string | undefined, culprits: ReadonlySet<string>) =>
  id !== undefined && culprits.has(id) ? id : undefined

/** For each agent, and each call, that has one piece of work, what that is: the call, or its only attempt. */
function soleWorkOf(spans: readonly ExamSpan[]): Map<string, string> {
  const work = new Map<string, string[]>()
  for (const { span_id, parent_span_id, operation } of spans) {
    if (parent_span_id === null || operation === 'invoke_agent' || operation === 'http_server') continue
    const siblings = work.get(parent_span_id)
    if (siblings) siblings.push(span_id)
    else work.set(parent_span_id, [span_id])
  }
  const sole = new Map<string, string>()
  for (const { span_id, operation } of spans) {
    const own = work.get(span_id)
    if (own?.length === 1 && (operation === 'invoke_agent' || operation === 'execute_tool'))
      sole.set(span_id, own[0] as string)
  }
  return sole
}
