import { defineFinding, rowOf } from '../finding.ts'
import { count, ms, whole } from '../format.ts'
import * as say from '../sentence.ts'
import { type CallFigures, callsOf, describeCall, failedCalls, idsOf, slowCalls } from '../calls.ts'
import { type AnalysisEvent, type AnalysisStep, type Observed, round, sum } from '../step.ts'

/** A token that takes this many times as long beside background work is slowed down by it: no draw of one pace varies so much. */
const slowdownRule = 1.25
/** Of the time of all tokens, that stalls have to take to be a finding. */
const stalledShare = 0.1

export interface TokenTimeline extends Observed {
  /** null when no token came. */
  ttft_ms: number | null
  tokens: number
  /** Tokens a second; null where no token fell into such a time. */
  rate_with_background: number | null
  rate_without_background: number | null
  /** How many times as long a token takes beside background work as without it, or as the run asked for; null where that is not known. */
  slowdown: number | null
  stalls: { tokens: number; at_ms: number; gap_ms: number }[]
  background: {
    calls: number
    failures: number
    /** Since the chat began, ms; null when it did not end. */
    started_ms: number | null
    ended_ms: number | null
  }
  /** Background calls that are slow. */
  slow: CallFigures[]
}

/**
 * Tokens against background work, from the marks on the streaming call. `span_ids` are that call where background work slowed
 * it down or stalls took much of its time, and background calls that were slow or failed.
 */
function observe(steps: readonly AnalysisStep[]): TokenTimeline {
  const chat = steps.find((step) => step.operation === 'chat' && step.facts.stream === true)
  const calls = callsOf(steps)
  const mark = (name: string) => chat?.events.find((event) => event.name === name)
  const since = (event: AnalysisEvent | undefined) => (chat && event ? round(event.time_ms - chat.start_ms) : null)
  const [first, last] = [mark('first_token'), mark('last_token')]
  const started = mark('background_started')
  const ended = chat?.events.findLast(({ name }) => name === 'background_ended')
  const stalls = (chat?.events ?? [])
    .filter(({ name }) => name === 'stall')
    .map((event) => ({ tokens: event.tokens ?? 0, at_ms: since(event) ?? 0, gap_ms: round(event.gap_ms ?? 0) }))
  const rates = first && last && started && ended ? ratesOf(first, last, started, ended) : noRates
  const slowdown = slowdownOf(rates, chat?.facts.token_interval_ms)
  const isStalled =
    first && last && sum(stalls.map(({ gap_ms }) => gap_ms)) > stalledShare * (last.time_ms - first.time_ms)
  const isSlow = isStalled || (slowdown !== null && slowdown > slowdownRule)
  const slow = slowCalls(calls)
  const failed = failedCalls(calls)
  return {
    span_ids: [...(chat && isSlow ? [chat.span_id] : []), ...idsOf(slow, failed)],
    ttft_ms: since(first),
    tokens: chat?.facts.output_tokens ?? last?.tokens ?? 0,
    ...rates,
    slowdown: slowdown === null ? null : round(slowdown),
    stalls,
    background: {
      calls: calls.length,
      failures: failed.length,
      started_ms: since(started),
      ended_ms: since(ended),
    },
    slow: slow.map(describeCall),
  }
}

interface Rates {
  rate_with_background: number | null
  rate_without_background: number | null
}
const noRates: Rates = { rate_with_background: null, rate_without_background: null }

/**
 * Tokens a second between the first and the last, beside background work and without it. A token falls to what went on when it
 * was waited for, so each time ends with the token after its edge; where that is not known, with the edge.
 */
function ratesOf(first: AnalysisEvent, last: AnalysisEvent, started: AnalysisEvent, ended: AnalysisEvent): Rates {
  const begin = { at: first.time_ms, tokens: first.tokens ?? 1 }
  const end = { at: last.time_ms, tokens: last.tokens ?? begin.tokens }
  const within = ({ time_ms, tokens = 0, next_ms }: AnalysisEvent) => {
    const edge = { at: time_ms + (next_ms ?? 0), tokens: tokens + (next_ms === undefined ? 0 : 1) }
    return edge.at <= begin.at ? begin : edge.at >= end.at ? end : edge
  }
  const [from, to] = [within(started), within(ended)]
  const busy = { ms: to.at - from.at, tokens: to.tokens - from.tokens }
  const free = { ms: end.at - begin.at - busy.ms, tokens: end.tokens - begin.tokens - busy.tokens }
  const rate = ({ tokens, ms }: typeof busy) =>
    tokens > 0 && ms > 0 && Number.isFinite((tokens / ms) * 1000) ? round((tokens / ms) * 1000) : null
  return { rate_with_background: rate(busy), rate_without_background: rate(free) }
}

/** The slower of what was asked for and what came without background work is what the machine gives: more than that is contention. */
function slowdownOf({ rate_with_background: busy, rate_without_background: free }: Rates, askedMs: number | undefined) {
  const usualMs = Math.max(askedMs ?? 0, free === null ? 0 : 1000 / free)
  return busy === null || usualMs === 0 ? null : 1000 / busy / usualMs
}

export const tokenTimeline = defineFinding({
  cause: { remedy: { changes: { contention: 0 }, label: 'background work that slows nothing down' } },
  observe,
  sentence: ({
    ttft_ms,
    tokens,
    rate_with_background,
    rate_without_background,
    slowdown,
    stalls,
    background,
    slow,
  }) => {
    const first = ttft_ms === null ? 'No token came' : `First token after ${say.ms(ttft_ms)}, ${tokens} in all`
    const rate = (value: number | null) => (value === null ? 'none' : `${value.toFixed(1)}/s`)
    const pace =
      slowdown === null
        ? ''
        : slowdown > slowdownRule
          ? `, each × ${slowdown.toFixed(1)} as long beside them`
          : ', no slower beside them'
    const calls = `${say.count(background.calls, 'background call')} (${background.failures} failed)`
    return `${first}: ${rate(rate_with_background)} beside ${calls}, ${rate(rate_without_background)} without${pace}; ${say.count(stalls.length, 'stall')}${say.slow(slow)}`
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
