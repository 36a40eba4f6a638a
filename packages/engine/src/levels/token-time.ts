import { type Out, type StreamStep, valueOf } from './script.ts'

/** How long the next token is waited for once `tokens` have come, ms; undefined when that were all. `count` says how many calls of a tool or model are under way. */
export function nextTokenMs(
  step: StreamStep,
  tokens: number,
  count: (of: string) => number,
  out: Out,
): number | undefined {
  if (tokens === 0) return valueOf(step.first.ms, out)
  const usualMs = step.intervalsMs[tokens - 1]
  if (usualMs === undefined) return undefined
  const load = 1 + step.sharing * count(step.model)
  const factor = count(step.contention.tool) > 0 ? valueOf(step.contention.factor, out) : 1
  const stalledMs = tokens === step.stall.afterTokens ? valueOf(step.stall.ms, out) : 0
  return usualMs * load * factor + stalledMs
}

/** A call of a tool or of a model while it is under way, ms after the first step. */
export interface UnderWay {
  key: string
  of: string
  startMs: number
  endMs: number
}

/** How long a stream takes that begins at `startMs`, beside these calls. */
export function streamMs(step: StreamStep, startMs: number, beside: readonly UnderWay[], out: Out): number {
  let atMs = startMs
  const callsOf = Map.groupBy(beside, ({ of }) => of)
  const count = (of: string) =>
    (callsOf.get(of) ?? []).reduce((sum, call) => sum + Number(call.startMs <= atMs && atMs < call.endMs), 0)
  for (let tokens = 0; ; tokens++) {
    const ms = nextTokenMs(step, tokens, count, out)
    if (ms === undefined) return atMs - startMs
    atMs += ms
  }
}
