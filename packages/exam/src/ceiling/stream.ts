import { median } from 'findings/statistics'
import type { PlantedKind } from 'contract/taxonomy'
import type { Step, Table } from '../table/table.ts'
import type { Detector, Found } from './detector.ts'
import type { Usual } from './usual.ts'
import { leastSquares } from './least-squares.ts'

/** Between two marks: how long, how many tokens came, and when its middle is. */
interface Segment {
  ms: number
  tokens: number
  middle: number
}

interface Streaming {
  chat: number
  /** Background calls that were answered, with their index in the table. */
  calls: { step: Step; index: number }[]
  segments: Segment[]
  /** From the start of the chat, as everything here: its first token, its end, the end of all, that of what runs beside it. */
  firstMs: number
  endMs: number
  allMs: number
  backgroundMs: number
  /** Of a token, ms. */
  paceMs: number
  /** When a step starts and ends. */
  of: (step: Step) => { from: number; to: number }
}

const leastShare = 0.025
const usualPaceMs = 30

function streamingOf({ steps, marks }: Table): Streaming | undefined {
  const chat = steps.findIndex(({ kind }) => kind === 'model')
  const [first] = marks
  const streamed = steps[chat]
  if (!first || !streamed) return undefined
  const of = ({ start_ms, ms }: Step) => ({ from: start_ms - streamed.start_ms, to: start_ms - streamed.start_ms + ms })
  const segments = marks.slice(1).map(({ ms, tokens }, index) => {
    const before = marks[index] as (typeof marks)[number]
    return { ms: ms - before.ms, tokens: tokens - before.tokens, middle: (ms + before.ms) / 2 }
  })
  const paces = segments.filter(({ tokens }) => tokens > 3).map(({ ms, tokens }) => ms / tokens)
  const backgroundMs = Math.max(0, ...steps.flatMap((step) => (step === streamed ? [] : of(step).to)))
  const calls = steps.flatMap((step, index) => (step.kind === 'tool' && step.failure === null ? [{ step, index }] : []))
  return {
    chat,
    calls,
    segments,
    firstMs: first.ms,
    endMs: streamed.ms,
    allMs: Math.max(streamed.ms, backgroundMs),
    backgroundMs,
    paceMs: paces.length > 0 ? median(paces) : usualPaceMs,
    of,
  }
}

const named = (kind: PlantedKind, steps: number[], savedMs: number): Found => ({
  kinds: [kind],
  steps,
  instead: (step) => step,
  savedMs,
})

/** How much earlier all would have ended with an answer that is so much shorter, ms. */
const earlier = ({ allMs, endMs, backgroundMs }: Streaming, ms: number) => allMs - Math.max(endMs - ms, backgroundMs)

/** The first token came later than what the prompt explains. */
function lateFirstToken(table: Table, usual: Usual, streaming: Streaming): Found[] {
  const { chat, firstMs, allMs } = streaming
  const expected = usual.firstTokenMs(table)
  if (!expected) return []
  const late = firstMs - expected.ms
  return firstMs > expected.ms * expected.limit && late > leastShare * allMs
    ? [named('slow_ttft', [chat], earlier(streaming, late))]
    : []
}

/** How well something explains when tokens came: the squares that it leaves. */
interface Explained {
  squares: number
  found: Found[]
}

/** Segments by what of each is pace, in tokens: a column for each pace. */
function fitPaces(segments: readonly Segment[], paceMs: number, rows: readonly (readonly number[])[]) {
  const times = segments.map(({ ms }) => ms)
  // A token more or less at either end, and what each interval is off.
  const weights = times.map((ms) => 1 / (2 * paceMs + ms))
  const { coefficients } = leastSquares(rows, times, weights)
  const squares = rows.reduce((sum, row, index) => {
    const fitted = row.reduce((ms, tokens, column) => ms + tokens * (coefficients[column] ?? 0), 0)
    return sum + (weights[index] as number) * ((times[index] as number) - fitted) ** 2
  }, 0)
  return { coefficients, squares }
}

/** Nothing but one pace. */
const steady = ({ segments, paceMs }: Streaming): Explained => ({
  squares: fitPaces(
    segments,
    paceMs,
    segments.map(({ tokens }) => [tokens]),
  ).squares,
  found: [],
})

/** So many tokens' time is a pause, and not a slow pace. */
const leastPause = 10
const silentShare = 0.25

/** No token for long, over however many marks: the while that explains most. */
function stall(streaming: Streaming): Explained {
  const { chat, segments, paceMs, allMs } = streaming
  let best: Explained = { squares: Infinity, found: [] }
  segments.forEach((_, first) => {
    let [ms, tokens] = [0, 0]
    for (let last = first; last < segments.length; last++) {
      const segment = segments[last] as Segment
      ms += segment.ms
      tokens += segment.tokens
      if (tokens > Math.max(1, (silentShare * ms) / paceMs)) break
      const pause = ms - tokens * paceMs
      if (pause < leastPause * paceMs || pause < leastShare * allMs) continue
      const rest = segments.filter((__, index) => index < first || index > last)
      const { squares } = fitPaces(
        rest,
        paceMs,
        rest.map((each) => [each.tokens]),
      )
      if (squares < best.squares) best = { squares, found: [named('stall', [chat], earlier(streaming, pause))] }
    }
  })
  return best
}

/** So many times the one pace is a slow one, and so many times what is left by chance is no chance. */
const slowPace = 1.4
const leastEvidence = 16

/** Tokens come slower while one tool is in flight: the one that explains most. */
function contention(streaming: Streaming): Explained {
  const { calls, segments, paceMs, firstMs, endMs, allMs, of } = streaming
  const { squares: unexplained } = steady(streaming)
  let best: Explained = { squares: Infinity, found: [] }
  for (const tool of new Set(calls.map(({ step }) => step.name))) {
    const own = calls.filter(({ step }) => step.name === tool && of(step).from < endMs && of(step).to > firstMs)
    const rows = segments.map(({ tokens, middle }) => {
      const isInFlight = own.some(({ step }) => of(step).from <= middle && of(step).to > middle)
      return isInFlight ? [0, tokens] : [tokens, 0]
    })
    const { squares, coefficients } = fitPaces(segments, paceMs, rows)
    const [usual = 0, slow = 0] = coefficients
    const costMs = (slow - usual) * rows.reduce((sum, [, tokens = 0]) => sum + tokens, 0)
    const evidence = (unexplained - squares) / (squares / Math.max(1, segments.length - 2))
    if (squares >= best.squares || slow < slowPace * usual || evidence < leastEvidence || costMs < leastShare * allMs)
      continue
    best = {
      squares,
      found: [
        named(
          'contention',
          own.map(({ index }) => index),
          earlier(streaming, costMs),
        ),
      ],
    }
  }
  return best
}

/** A background call that took longer than tool and size explain, and that all waited for in the end, or for what came after it. */
function slowBackground({ steps }: Table, usual: Usual, { calls, endMs, allMs, of }: Streaming): Found[] {
  return calls.flatMap(({ step, index }) => {
    const expected = usual.expected(step)
    if (expected === undefined || step.ms <= expected * usual.limitOf(step)) return []
    const late = step.ms - expected
    // What its agent did after it began as much later.
    const isLate = (other: Step) => other === step || (other.agent === step.agent && other.start_ms > step.start_ms)
    const ends = steps.map((other) => of(other).to - (isLate(other) ? late : 0))
    const saved = allMs - Math.max(endMs, ...ends)
    return saved > leastShare * allMs ? [named('slow_background', [index], saved)] : []
  })
}

/** What is wrong with a streamed answer and what runs beside it. */
export const stream: Detector = (table, usual) => {
  const streaming = streamingOf(table)
  if (!streaming) return []
  const pace = [steady(streaming), stall(streaming), contention(streaming)]
  const { found } = pace.reduce((best, each) => (each.squares < best.squares ? each : best))
  return [...lateFirstToken(table, usual, streaming), ...found, ...slowBackground(table, usual, streaming)]
}
