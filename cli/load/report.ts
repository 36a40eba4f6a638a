import { hash } from 'node:crypto'
import type { Mix } from 'engine/mix/mix'
import { z } from 'zod'
import { outcomes } from './ask.ts'
import type { Offered } from './offer.ts'

/** What was planned: reports of one plan add up. */
const planSchema = z.object({
  mix: z.string(),
  /** Of all that the mix says, so that two of one name are not taken for the same. */
  mix_sha256: z.string(),
  seed: z.string(),
  duration_ms: z.number(),
})
export type Plan = z.output<typeof planSchema>

/** One run: which it is in the plan, and what came of it. */
const runSchema = z.object({
  unit: z.int(),
  turn: z.int(),
  at_ms: z.number(),
  scenario: z.string(),
  seed: z.string(),
  outcome: z.enum(outcomes),
  why: z.string().optional(),
  late_ms: z.number(),
  latency_ms: z.number(),
  spans: z.int().optional(),
  trace_id: z.string().optional(),
  verdict: z.string().optional(),
})
type Run = z.output<typeof runSchema>

const shardSchema = z.object({
  index: z.int(),
  of: z.int(),
  agents: z.array(z.string()),
  started_at: z.iso.datetime(),
  /** Whether it offered all that was planned for it. */
  whole: z.boolean(),
})
export type Shard = z.output<typeof shardSchema>

/** What is read back of a report: all else in it follows from these. */
export const reportSchema = z.object({
  version: z.literal(1),
  plan: planSchema,
  shards: z.array(shardSchema).min(1),
  runs: z.array(runSchema),
})

/** The digest of a mix. */
export const digestOf = (mix: Mix): string => hash('sha256', JSON.stringify(mix))

/** A run as a report lists it. */
export function rowOf({ run, outcome, why, lateMs, latencyMs, spans, traceId, verdict }: Offered): Run {
  const { unit, turn, atMs, scenario, seed } = run
  const planned = { unit, turn, at_ms: round(atMs), scenario, seed }
  return {
    ...planned,
    outcome,
    why,
    late_ms: round(lateMs),
    latency_ms: round(latencyMs),
    spans,
    trace_id: traceId,
    verdict,
  }
}

const round = (ms: number) => Math.round(ms * 1000) / 1000

/** All figures of a load, or of several shards of one, from its runs. Quantiles are those of all values: nothing is binned. */
export function makeReport(plan: Plan, shards: readonly Shard[], rows: readonly Run[]) {
  const runs = rows.toSorted((a, b) => a.unit - b.unit || a.turn - b.turn)
  const answered = runs.filter(({ outcome }) => outcome === 'ok' || outcome === 'not_ok')
  const seconds = plan.duration_ms / 1000
  return {
    version: 1 as const,
    plan,
    shards: shards.toSorted((a, b) => a.index - b.index),
    /** Whether all that was planned for these shards was offered. */
    whole: shards.every(({ whole }) => whole),
    offered: runs.length,
    achieved: answered.length,
    refused: runs.filter(({ outcome }) => outcome === 'refused').length,
    failed: runs.filter(({ outcome }) => outcome === 'failed').length,
    offered_per_s: round(runs.length / seconds),
    achieved_per_s: round(answered.length / seconds),
    outcomes: countBy(runs.map(({ outcome }) => outcome)),
    scenarios: countBy(runs.map(({ scenario }) => scenario)),
    why: countBy(runs.flatMap(({ why }) => why ?? [])),
    /** From the intended start, of runs that were answered. */
    latency_ms: quantiles(answered.map(({ latency_ms }) => latency_ms)),
    /** How late runs were sent: what is large here, the machine that offers could not do. */
    late_ms: quantiles(runs.map(({ late_ms }) => late_ms)),
    spans_owed: answered.reduce((sum, { spans = 0 }) => sum + spans, 0),
    verified: countBy(runs.flatMap(({ verdict }) => verdict ?? [])),
    runs,
  }
}
export type Report = ReturnType<typeof makeReport>

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

/** The smallest value that a share of all lies at or below; null of none. */
function quantiles(values: readonly number[]) {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) }
}

/** 0 when all was offered and answered and all that was verified was whole, 3 when of some nothing can be said, else 1. */
export function exitCodeOf({ whole, refused, failed, verified }: Report): number {
  const verdicts = Object.keys(verified)
  if (!whole || refused + failed > 0) return 1
  if (verdicts.some((verdict) => !['complete', ...undecided].includes(verdict))) return 1
  return verdicts.some((verdict) => undecided.includes(verdict)) ? 3 : 0
}
/** Verdicts that say neither that spans are there nor that they are lost. */
const undecided = ['queued', 'elsewhere', 'forgotten', 'no_ledger', 'unknown']

/** For a person. */
export function renderReport(report: Report): string {
  const { plan, shards, offered, achieved, refused, failed, latency_ms, late_ms, spans_owed, verified, why } = report
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .toSorted((a, b) => b[1] - a[1])
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  const ms = (value: number | null) => (value === null ? '–' : `${value.toFixed(value < 10 ? 1 : 0)} ms`)
  const quantilesOf = ({ p50, p90, p99, p999, max }: Report['latency_ms']) =>
    `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, longest ${ms(max)}`
  const some = shards.length < (shards[0]?.of ?? 1) ? `, ${shards.length} of ${shards[0]?.of} shards` : ''
  return [
    `mix ${plan.mix}, seed ${plan.seed}, ${plan.duration_ms / 1000} s${some}${report.whole ? '' : ': not whole'}`,
    `offered   ${offered} (${report.offered_per_s}/s): ${list(report.scenarios)}`,
    `achieved  ${achieved} (${report.achieved_per_s}/s): ${list(report.outcomes)}`,
    `refused   ${refused}`,
    `failed    ${failed}${failed + refused > 0 ? ` (${list(why)})` : ''}`,
    `latency   ${quantilesOf(latency_ms)}, from the time at which a run was to start`,
    `sent late ${quantilesOf(late_ms)}`,
    `spans     ${spans_owed} owed`,
    ...(Object.keys(verified).length > 0 ? [`verified  ${list(verified)}`] : []),
  ].join('\n')
}
