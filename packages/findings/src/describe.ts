import type { Observation } from './kinds.ts'

/** One sentence for a person. */
export function describe(observation: Observation): string {
  switch (observation.kind) {
    case 'straggler': {
      const { stragglers, others, saving_ms } = observation.observed
      if (stragglers.length === 0)
        return `None of the ${others.count} calls took over three times the median of ${ms(others.p50_ms)}`
      const names = list(stragglers.map(({ agent_id }) => agent_id ?? 'a call'))
      const times = list(stragglers.map(({ ms }) => String(Math.round(ms))))
      return `${names} took ${times} ms; the other ${others.count} had a median of ${ms(others.p50_ms)}; without ${stragglers.length === 1 ? 'it' : 'them'} the run would have ended ${ms(saving_ms)} earlier`
    }
    case 'cumulative_latency': {
      const { depth, total_ms, tools_ms, between_ms, largest_share } = observation.observed
      return `${depth} calls one after the other took ${ms(total_ms)}: ${ms(tools_ms)} in tools, ${ms(between_ms)} between them, and none more than ${percent(largest_share)} of it`
    }
    case 'retry_storm': {
      const { calls, attempts, amplification, gave_up, origin } = observation.observed
      const { first_failure: first, tools } = origin
      if (!first) return `${calls} calls took ${attempts} attempts: nothing failed`
      const rates = list(tools.map(({ tool, failure_rate }) => `${tool} (${percent(failure_rate)})`))
      return `${calls} calls took ${attempts} attempts (× ${amplification}) and ${gave_up} gave up; it began with attempt ${first.attempt} of ${first.agent_id ?? 'a call'}, and what failed was ${rates}`
    }
    case 'critical_path': {
      const { total_ms, bottleneck, branches } = observation.observed
      if (!bottleneck) return `The run took ${ms(total_ms)}, and no branch was waited for`
      const slacks = branches.map(({ slack_ms }) => slack_ms).sort((a, b) => a - b)
      const next = slacks[1]
      const others = next === undefined ? 'there was no other' : `the next would have been done ${ms(next)} sooner`
      return `The join waited for ${bottleneck.agent_id ?? 'a branch'} (${ms(bottleneck.ms)} of ${ms(total_ms)}); ${others}`
    }
    case 'step_variance': {
      const { steps, stopped_by, thinking_ms, acting_ms, tool_ms, steps_ms, explained_by, span_ids } =
        observation.observed
      const slow =
        span_ids.length === 0
          ? 'no call was slow'
          : `${span_ids.length} ${span_ids.length === 1 ? 'call was' : 'calls were'} slow`
      const why = explained_by === 'tool' ? 'the tools explain the time' : 'the number of steps explains the time'
      return `${count(steps, 'step')} until ${stopped_by === 'length' ? 'there were no more' : 'the agent was done'}: ${ms(thinking_ms)} thinking, ${ms(acting_ms)} acting, ${slow}; ${why} (tools ${ms(tool_ms)}, steps ${ms(steps_ms)})`
    }
    case 'idle_wait': {
      const { total_ms, idle_ms, processing_ms, idle_share } = observation.observed
      return `${ms(idle_ms)} of ${ms(total_ms)} (${percent(idle_share)}) were spent waiting for a person, ${ms(processing_ms)} working`
    }
    case 'size_latency': {
      const { chunks, total_bytes, ms_per_kb, r } = observation.observed
      const slowest = chunks.reduce((most, chunk) => Math.max(most, chunk.ms), 0)
      const fit = ms_per_kb === null ? 'with no two sizes to compare' : `${ms_per_kb.toFixed(1)} ms per KB`
      return `${count(chunks.length, 'chunk')} of ${Math.round(total_bytes / 1024)} KB altogether: ${fit}${r === null ? '' : `, r = ${r.toFixed(2)}`}; the slowest took ${ms(slowest)}`
    }
    case 'token_timeline': {
      const { ttft_ms, tokens, rate_with_background, rate_without_background, stalls, background } =
        observation.observed
      const first = ttft_ms === null ? 'no token came' : `first token after ${ms(ttft_ms)}, ${tokens} in all`
      const rate = (value: number | null) => (value === null ? 'no time' : `${value.toFixed(1)}/s`)
      return `${first}: ${rate(rate_with_background)} beside ${background.calls} background calls (${background.failures} failed), ${rate(rate_without_background)} without; ${count(stalls.length, 'stall')}`
    }
  }
}

const ms = (value: number) => `${Math.round(value)} ms`
const percent = (share: number) => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`

/** The first few, and how many more there are. */
function list(items: readonly string[]): string {
  const shown = items.length > 5 ? [...items.slice(0, 4), `${items.length - 4} more`] : items
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) as string}`
}
