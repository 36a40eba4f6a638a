import { defineFinding, rowOf } from '../finding.ts'
import { count, ms, whole } from '../format.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, byStart, type Observed, round, withOperation } from '../step.ts'

export interface TokenTimeline extends Observed {
  /** null when no token came. */
  ttft_ms: number | null
  tokens: number
  /** Tokens a second; null where there was no such time, or less than a token takes. */
  rate_with_background: number | null
  rate_without_background: number | null
  stalls: { tokens: number; at_ms: number; gap_ms: number }[]
  background: {
    calls: number
    failures: number
    /** Since the chat began, ms; null when it did not end. */
    started_ms: number | null
    ended_ms: number | null
  }
}

/** Tokens against background work, from the marks on the streaming call. */
function observe(steps: readonly AnalysisStep[]): TokenTimeline {
  const chat = steps.find((step) => step.operation === 'chat' && step.facts.stream === true)
  const calls = byStart(withOperation(steps, 'execute_tool'))
  const mark = (name: string) => {
    const event = chat?.events.find((candidate) => candidate.name === name)
    return event && { at: event.time_ms, tokens: event.tokens ?? 0 }
  }
  const begin = chat?.start_ms ?? 0
  const first = mark('first_token')
  const last = mark('last_token')
  const started = mark('background_started')
  const ended = mark('background_ended')
  const stalls = (chat?.events ?? [])
    .filter(({ name }) => name === 'stall')
    .map(({ time_ms, tokens = 0, gap_ms = 0 }) => ({ tokens, at_ms: time_ms, gap_ms }))
  const during = calls.filter(({ start_ms, end_ms }) =>
    stalls.some(({ at_ms, gap_ms }) => start_ms < at_ms && end_ms > at_ms - gap_ms),
  )
  return {
    span_ids: chat && stalls.length > 0 ? [chat.span_id, ...during.map(({ span_id }) => span_id)] : [],
    ttft_ms: first ? round(first.at - begin) : null,
    tokens: chat?.facts.output_tokens ?? last?.tokens ?? 0,
    ...rates(first, last, started, ended, chat?.facts.token_interval_ms ?? 0),
    stalls: stalls.map((stall) => ({ ...stall, at_ms: round(stall.at_ms - begin), gap_ms: round(stall.gap_ms) })),
    background: {
      calls: calls.length,
      failures: calls.filter(({ failed }) => failed).length,
      started_ms: started ? round(started.at - begin) : null,
      ended_ms: ended ? round(ended.at - begin) : null,
    },
  }
}

type Mark = { at: number; tokens: number } | undefined

/** Splits the time between first and last token at the edges of the background work. */
function rates(first: Mark, last: Mark, started: Mark, ended: Mark, intervalMs: number) {
  const none = { rate_with_background: null, rate_without_background: null }
  if (!first || !last || !started || !ended) return none
  const within = (edge: { at: number; tokens: number }) =>
    edge.at < first.at ? first : edge.at > last.at ? last : edge
  const from = within(started)
  const to = within(ended)
  const withTokens = to.tokens - from.tokens
  const withMs = to.at - from.at
  // In less time than a token takes, there is no rate to speak of.
  const rate = (tokens: number, ms: number) => (ms > intervalMs ? round((tokens / ms) * 1000) : null)
  return {
    rate_with_background: rate(withTokens, withMs),
    rate_without_background: rate(last.tokens - first.tokens - withTokens, last.at - first.at - withMs),
  }
}

export const tokenTimeline = defineFinding({
  cause: { remedy: { changes: { contention: 0 }, label: 'background work that slows nothing down' } },
  observe,
  sentence: ({ ttft_ms, tokens, rate_with_background, rate_without_background, stalls, background }) => {
    const first = ttft_ms === null ? 'no token came' : `first token after ${say.ms(ttft_ms)}, ${tokens} in all`
    const rate = (value: number | null) => (value === null ? 'no time' : `${value.toFixed(1)}/s`)
    return `${first}: ${rate(rate_with_background)} beside ${background.calls} background calls (${background.failures} failed), ${rate(rate_without_background)} without; ${say.count(stalls.length, 'stall')}`
  },
  questions: ({ ttft_ms, tokens, background }, { totalMs, table }) => {
    return {
      symptom: `The first token came after ${ttft_ms === null ? 'never' : ms(ttft_ms)}, the answer after ${ms(totalMs)}${background.failures > 0 ? `, and ${count(background.failures, 'background call')} failed` : ''}.`,
      missed: `The table has one chat of ${ms(rowOf(table, 'chat synthetic-llm-1')?.mean_ms ?? totalMs)}. ${whole(tokens)} tokens, and what ${count(background.calls, 'background call')} did to them, happened inside of it.`,
    }
  },
  without: ({ rate_without_background: rate }) =>
    rate === null ? null : { value: rate, unit: 'tokens/s', how: 'the rate without background work' },
  chart: (observed) => ({ shape: 'timeline', observed }),
})
