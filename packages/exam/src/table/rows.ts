import { membersOf } from 'findings/answers'
import { byStart, durationOf } from 'findings/step'
import { acceptedMs, type HandOver, handOversOf } from './handed.ts'
import { agentAbove, type ExamSpan, type TakenElsewhere, type Tree } from './span.ts'
import type { Step } from './table.ts'

/** A step, and the span whose agent it is of. */
export interface Row {
  step: Omit<Step, 'job' | 'gap_ms' | 'asked_ms'>
  span: ExamSpan
  /** How long is to be waited after it, ms: what it was answered says so. */
  asksFor: number
}

/** A row whose agent is still to be found. */
type Unowned = Omit<Row, 'step'> & { step: Omit<Row['step'], 'agent'> }

/** The pieces of work of a trace. A tool call is as many as it had attempts. */
export function rowsOf(tree: Tree, elsewhere: readonly TakenElsewhere[]): Row[] {
  const handed = handOversOf(tree, elsewhere)
  return byStart(tree.spans).flatMap((span) => {
    const agent = agentAbove(tree, span)?.agent_id ?? null
    const handOver = handed.get(span.span_id)
    return (handOver ? [handOverRow(handOver)] : piecesOf(tree, span)).map((row) => ({
      ...row,
      step: { ...row.step, agent },
    }))
  })
}

function piecesOf(tree: Tree, span: ExamSpan): Unowned[] {
  switch (span.operation) {
    case 'execute_tool':
    case 'retrieval':
      return callRows(tree, span)
    case 'chat':
      return [row(span, { kind: 'model', name: span.facts.model ?? '', args: span.told ?? '', ...tokensOf(span) })]
    case 'process_chunk':
      return [row(span, { kind: 'chunk', name: span.facts.source ?? '', ...chunkOf(span) })]
    case 'human_feedback':
      return [row(span, { kind: 'wait', name: span.facts.tool ?? 'human_feedback', ...askedOf(span) })]
    default:
      return []
  }
}

function handOverRow(handed: HandOver): Unowned {
  const { call, agent, reach, ms, isLeftAlone } = handed
  const args = call.arguments ?? ''
  const told = membersOf(args)?.agent
  return row(call, {
    kind: 'handover',
    name: agent?.agent_id ?? (typeof told === 'string' ? told : ''),
    ms: acceptedMs(handed),
    args,
    result: call.result ?? '',
    handed: { reach, ms, isLeftAlone },
  })
}

function callRows({ childrenOf }: Tree, call: ExamSpan): Unowned[] {
  const { arguments: args, result = '' } = call
  const common = {
    kind: 'tool' as const,
    name: call.facts.tool ?? call.facts.source ?? '',
    // Without arguments, attempts of one call have the same, and others have not.
    args: args ?? call.facts.call_id ?? call.span_id,
    isWrite: fieldOf(args, 'action') === 'write',
  }
  const attempts = byStart(childrenOf(call.span_id)).filter(({ operation }) => operation === 'http_client')
  const pollMs = Number(fieldOf(result, 'retry_after_ms') ?? 0) || 0
  if (attempts.length === 0) {
    const said = row(call, { ...common, result, failure: call.failed ? 'unavailable' : null })
    return [{ ...said, asksFor: pollMs }]
  }
  return attempts.map((attempt) => {
    const failure = failureOf(attempt)
    const kb = (attempt.facts.response_bytes ?? 0) / 1024
    const retryAfterMs = 1000 * (Number(attempt.facts.retry_after ?? 0) || 0)
    const said = row(attempt, { ...common, result: failure === null ? result : '', failure, kb })
    return { ...said, span: call, asksFor: Math.max(retryAfterMs, failure === null ? pollMs : 0) }
  })
}

function failureOf({ facts: { status }, failed }: ExamSpan): Step['failure'] {
  if (status === 429) return 'limited'
  if (status !== undefined && status >= 400 && status < 500) return 'invalid'
  return failed || (status ?? 200) >= 500 ? 'unavailable' : null
}

function row(span: ExamSpan, what: Pick<Step, 'kind' | 'name'> & Partial<Step>): Unowned {
  const step = {
    span_id: span.span_id,
    start_ms: span.start_ms,
    ms: durationOf(span),
    kb: 0,
    failure: span.failed ? ('unavailable' as const) : null,
    args: '',
    result: '',
    isWrite: false,
    uncached_tokens: 0,
    cached_tokens: 0,
    output_tokens: 0,
    window: Infinity,
    isCut: false,
    isCached: false,
    ...what,
  }
  return { step, span, asksFor: 0 }
}

function tokensOf({ facts }: ExamSpan) {
  const { input_tokens = 0, cached_tokens = 0, output_tokens = 0, window = Infinity, finish_reason } = facts
  const isCut = finish_reason === 'length'
  return { uncached_tokens: input_tokens - cached_tokens, cached_tokens, output_tokens, window, isCut }
}

function chunkOf({ facts: { bytes = 0, document, cached, output_tokens = 0, index }, span_id }: ExamSpan) {
  return {
    kb: bytes / 1024,
    args: document ?? `chunk ${index ?? span_id}`,
    isCached: cached === true,
    output_tokens,
  }
}

/** What a person was asked, and what they said. */
function askedOf({ arguments: args = '', events }: ExamSpan) {
  return { args, result: events.find(({ outcome }) => outcome !== undefined)?.outcome ?? '' }
}

/** A member of a JSON object in text; undefined where there is none. */
export function fieldOf(text: string | undefined, name: string): unknown {
  if (text === undefined || !text.includes(`"${name}"`)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  } catch {
    return undefined
  }
}
