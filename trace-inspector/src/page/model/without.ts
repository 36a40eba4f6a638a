import type { Observation } from 'findings/kinds'
import { makespan } from 'findings/schedule'
import { median } from 'findings/statistics'

/** How the fault is taken out of a scenario, and what that is called. */
export interface Remedy {
  changes: Readonly<Record<string, string>>
  label: string
}

const remedies: Readonly<Record<string, Remedy>> = {
  fanout: { changes: { stragglers: '0' }, label: 'no slow calls' },
  chain: { changes: { delay_ms: '0' }, label: 'tools that take no time' },
  retry: { changes: { error_rate: '0' }, label: 'no errors' },
  dag: { changes: { stragglers: '0' }, label: 'no slow branches' },
  react: { changes: { slow_tool_probability: '0' }, label: 'no slow tool' },
  human: { changes: { human_delay_s: '0' }, label: 'a person who answers at once' },
  rag: { changes: { ms_per_kb: '0' }, label: 'chunks that take no time' },
  stream: { changes: { contention: '0' }, label: 'background work that slows nothing down' },
}

/** undefined for a scenario whose fault nobody has named. */
export function remedyOf(scenario: string): Remedy | undefined {
  return Object.hasOwn(remedies, scenario) ? remedies[scenario] : undefined
}

export interface Prediction {
  value: number
  unit: 'ms' | 'tokens/s'
  /** How it was worked out, for a person. */
  how: string
}

/** What is known of the run besides its observation. */
export interface RunFigures {
  params: Readonly<Record<string, unknown>>
  /** Of the span with this id, ms; 0 for one that is not there. */
  durationOf: (spanId: string) => number
  /** Durations of all tool calls by span id, in order of start. */
  calls: ReadonlyMap<string, number>
}

/** What a finding says that a run without its fault would save (of a stream: what rate its tokens would have). */
export function predict(observation: Observation, figures: RunFigures): Prediction | null {
  switch (observation.kind) {
    case 'straggler':
      return saving(
        observation.observed.saving_ms,
        'the same order of calls, with the slow ones at the median of the others',
      )
    case 'cumulative_latency':
      return saving(observation.observed.tools_ms, 'all the time that the calls took, one after the other')
    case 'idle_wait':
      return saving(observation.observed.idle_ms, 'the time that was waited')
    case 'size_latency':
      return saving(
        observation.observed.chunks.reduce((sum, { ms }) => sum + ms, 0),
        'all the time that the chunks took',
      )
    case 'critical_path': {
      const slacks = observation.observed.branches.map(({ slack_ms }) => slack_ms).sort((a, b) => a - b)
      const slow = Number(figures.params.stragglers ?? 1)
      return saving(slacks[Math.min(slow, slacks.length - 1)] ?? 0, 'how much sooner the next branch was done')
    }
    case 'step_variance': {
      const slow = new Set(observation.observed.span_ids)
      const usual = median([...figures.calls].filter(([id]) => !slow.has(id)).map(([, ms]) => ms))
      const extra = [...slow].reduce((sum, id) => sum + figures.durationOf(id) - usual, 0)
      return saving(extra, 'the slow calls at the median of the others')
    }
    case 'retry_storm': {
      const { sequences } = observation.observed
      const slots = Number(figures.params.concurrency ?? Math.max(1, sequences.length))
      const inOrder = new Map(sequences.map((sequence) => [sequence.span_id, sequence]))
      const calls = [...figures.calls].filter(([id]) => inOrder.has(id))
      const clean = calls.map(([id]) => figures.durationOf(inOrder.get(id)?.attempts[0]?.span_id ?? ''))
      const taken = makespan(
        calls.map(([, ms]) => ms),
        slots,
      )
      return saving(taken - makespan(clean, slots), 'the same order of calls, with first attempts alone')
    }
    case 'token_timeline': {
      const { rate_without_background: rate } = observation.observed
      return rate === null ? null : { value: rate, unit: 'tokens/s', how: 'the rate without background work' }
    }
  }
}

function saving(value: number, how: string): Prediction {
  return { value, unit: 'ms', how }
}
