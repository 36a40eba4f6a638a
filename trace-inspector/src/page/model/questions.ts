import type { Observation } from 'findings/kinds'
import { bytes, count, ms, percent, whole } from './format.ts'

/** A row of the table that an aggregate view shows. */
export interface AggregateRow {
  name: string
  count: number
  mean_ms: number
  p50_ms: number
  p95_ms: number
  p99_ms: number
  error_rate: number
}

export interface Answers {
  /** What a user of the system noticed of this run. */
  symptom: string
  /** Why the table does not show the cause, with the table's own figures. */
  missed: string
}

/** The first two questions of the README's table, answered with a run's figures; the third is the finding itself. */
export function answersFor(observation: Observation, totalMs: number, table: readonly AggregateRow[]): Answers {
  const row = (name: string) => table.find((each) => each.name === name)
  switch (observation.kind) {
    case 'straggler': {
      const { calls, others, stragglers } = observation.observed
      const times = calls.mean_ms > 0 ? (totalMs / calls.mean_ms).toFixed(0) : '–'
      return {
        symptom: `The batch took ${ms(totalMs)}, ${times} times its average call. Of ${count(calls.count, 'call')} the p99 is ${ms(calls.p99_ms)}, the p95 ${ms(calls.p95_ms)}.`,
        missed: `${count(stragglers.length, 'slow call')} of ${whole(calls.count)} ${stragglers.length === 1 ? 'moves' : 'move'} the mean from ${ms(others.mean_ms)} to ${ms(calls.mean_ms)}, and the median not at all. No row of the table says which batch waited.`,
      }
    }
    case 'cumulative_latency': {
      const { depth, total_ms, largest_share } = observation.observed
      const slowest = table.reduce(
        (most, each) => (each.name.startsWith('execute_tool') && each.p99_ms > most ? each.p99_ms : most),
        0,
      )
      return {
        symptom: `The request took ${ms(total_ms)} from end to end, and its slowest call ${ms(largest_share * total_ms)}: ${percent(largest_share)} of it.`,
        missed: `No tool's p99 is above ${ms(slowest)}: every row of the table looks well. That ${count(depth, 'call')} hung one on the other is in none of them.`,
      }
    }
    case 'retry_storm': {
      const { calls, attempts, gave_up } = observation.observed
      const requests = row('GET')
      const extra = calls > 0 ? attempts / calls - 1 : 0
      return {
        symptom: `${count(calls, 'call')} sent ${count(attempts, 'request')}: ${percent(extra)} more load than was asked for, and ${gave_up === 0 ? 'no call' : count(gave_up, 'call')} gave up.`,
        missed: `The table has ${count(requests?.count ?? attempts, 'GET')} with ${percent(requests?.error_rate ?? 0)} errors, and ${whole(calls)} tool calls with ${percent(calls > 0 ? gave_up / calls : 0)}. Nothing says which request repeats which, and the back-offs between them are no spans.`,
      }
    }
    case 'critical_path': {
      const { bottleneck, branches } = observation.observed
      const named = row('invoke_agent branch')
      return {
        symptom: `The request took ${ms(totalMs)}; its slowest branch alone took ${ms(bottleneck?.ms ?? 0)}.`,
        missed: `${count(branches.length, 'branch', 'branches')} share one row: mean ${ms(named?.mean_ms ?? 0)}, p95 ${ms(named?.p95_ms ?? 0)}. They ran at the same time, so neither figure says which of them the join waited for.`,
      }
    }
    case 'step_variance': {
      const { steps, span_ids } = observation.observed
      const tools = table.filter(({ name }) => name.startsWith('execute_tool'))
      const p99 = tools.reduce((most, { p99_ms }) => Math.max(most, p99_ms), 0)
      return {
        symptom: `This request took ${ms(totalMs)} and ${count(steps, 'step')}; the next one may take one.`,
        missed: `The table has the tools' p99 (${ms(p99)}) and the request's ${ms(totalMs)}. Whether the time went into ${count(span_ids.length, 'slow call')} or into ${count(steps, 'step')}, no row can tell.`,
      }
    }
    case 'idle_wait': {
      const { total_ms, idle_ms, idle_share } = observation.observed
      return {
        symptom: `The request was open for ${ms(total_ms)}, ${percent(idle_share)} of it without any work.`,
        missed: `In the table human_feedback is the slowest operation, with a mean of ${ms(idle_ms)}, and the request counts as one of ${ms(total_ms)}: it looks like a hanging server.`,
      }
    }
    case 'size_latency': {
      const { chunks, total_bytes } = observation.observed
      const named = row('process_chunk')
      return {
        symptom: `The request took ${ms(totalMs)} and moved ${bytes(total_bytes)}.`,
        missed: `process_chunk has ${count(chunks.length, 'span')}, a mean of ${ms(named?.mean_ms ?? 0)} and a p99 of ${ms(named?.p99_ms ?? 0)}. Size is no column of the table, so the spread looks like noise.`,
      }
    }
    case 'token_timeline': {
      const { ttft_ms, tokens, background } = observation.observed
      return {
        symptom: `The first token came after ${ttft_ms === null ? 'never' : ms(ttft_ms)}, the answer after ${ms(totalMs)}${background.failures > 0 ? `, and ${count(background.failures, 'background call')} failed` : ''}.`,
        missed: `The table has one chat of ${ms(row('chat synthetic-llm-1')?.mean_ms ?? totalMs)}. ${whole(tokens)} tokens, and what ${count(background.calls, 'background call')} did to them, happened inside of it.`,
      }
    }
  }
}
