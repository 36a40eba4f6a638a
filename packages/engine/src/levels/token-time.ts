import { type Out, type StreamStep, valueOf } from './script.ts'

/** How long the next token is waited for once `tokens` have come, ms; undefined when that were all. */
export function nextTokenMs(step: StreamStep, tokens: number, isContended: boolean, out: Out): number | undefined {
  if (tokens === 0) return valueOf(step.first.ms, out)
  const usualMs = step.intervalsMs[tokens - 1]
  if (usualMs === undefined) return undefined
  const factor = isContended ? valueOf(step.contention.factor, out) : 1
  const stalledMs = tokens === step.stall.afterTokens ? valueOf(step.stall.ms, out) : 0
  return usualMs * factor + stalledMs
}

/** A call while it is under way, ms after the first step. */
export interface UnderWay {
  key: string
  tool: string
  startMs: number
  endMs: number
}

/** How long a stream takes that begins at `startMs`, beside these calls. */
export function streamMs(step: StreamStep, startMs: number, beside: readonly UnderWay[], out: Out): number {
  const contending = beside.filter(({ tool }) => tool === step.contention.tool)
  let atMs = startMs
  for (let tokens = 0; ; tokens++) {
    const isContended = contending.some((call) => call.startMs <= atMs && atMs < call.endMs)
    const ms = nextTokenMs(step, tokens, isContended, out)
    if (ms === undefined) return atMs - startMs
    atMs += ms
  }
}
