import type { PlantedKind } from 'contract/taxonomy'
import type { Step, Table } from '../table/table.ts'
import type { Detector, Found } from './detector.ts'
import { earlier, type Segment, type Streaming, streamingOf } from './streaming.ts'
import type { Usual } from './usual.ts'
import { leastSquares } from './least-squares.ts'

const leastShare = 0.025

const named = (kind: PlantedKind, steps: number[], savedMs: number): Found => ({
  kinds: [kind],
  steps,
  instead: (step) => step,
  savedMs,
})

/** The first token came later than what the prompt explains. */
function lateFirstToken(table: Table, usual: Usual, streaming: Streaming): Found[] {
  const { chat, firstMs, allMs } = streaming
  const expected = usual.firstTokenMs(table)
  if (!expected) return []
  const late = firstMs - expected.ms
  if (firstMs <= expected.ms * expected.limit || late <= leastShare * allMs) return []
  // Tokens would have come meanwhile, beside what was asked of the model then.
  const moments = Array.from({ length: 100 }, (_, index) => expected.ms + ((index + 0.5) / 100) * late)
  const lostMs = moments.reduce((sum, at) => sum + late / moments.length / streaming.loadAt(at), 0)
  return [named('slow_ttft', [chat], earlier(streaming, lostMs))]
}

/** How well something explains when tokens came: the squares that it leaves. */
interface Explained {
  squares: number
  found: Found[]
}

/** Segments by what of each is which pace, ms: a column for each pace. Its coefficients are tokens a ms. */
function fitPaces(segments: readonly Segment[], paceMs: number, rows: readonly (readonly number[])[]) {
  const counts = segments.map(({ tokens }) => tokens)
  // A token more or less at either end, and what each interval is off.
  const weights = segments.map(({ aloneMs }) => 1 / (2 + aloneMs / paceMs))
  const { coefficients } = leastSquares(rows, counts, weights)
  const squares = rows.reduce((sum, row, index) => {
    const fitted = row.reduce((tokens, ms, column) => tokens + ms * (coefficients[column] ?? 0), 0)
    return sum + (weights[index] as number) * ((counts[index] as number) - fitted) ** 2
  }, 0)
  return { coefficients, squares }
}

/** Nothing but one pace. */
const steady = ({ segments, paceMs }: Streaming): Explained => ({
  squares: fitPaces(
    segments,
    paceMs,
    segments.map(({ aloneMs }) => [aloneMs]),
  ).squares,
  found: [],
})

/** So many times what is left by chance is no chance. */
const leastEvidence = 16

/** How much something explains, in what is left of each piece. */
const evidenceOf = ({ segments }: Streaming, unexplained: Explained, squares: number) =>
  (unexplained.squares - squares) / (squares / Math.max(1, segments.length - 2))

/** So many tokens' time is a pause, and not a slow pace. */
const leastPause = 10
const silentShare = 0.25

const isSilent = ({ aloneMs, tokens }: Pick<Segment, 'aloneMs' | 'tokens'>, paceMs: number) =>
  tokens <= Math.max(1, (silentShare * aloneMs) / paceMs)

/** No token for long, over however many marks, from somewhere between two to somewhere between two: the while that explains most. */
function stall(streaming: Streaming): Explained {
  const { chat, segments, paceMs, allMs } = streaming
  const unexplained = steady(streaming)
  let best: Explained = { squares: Infinity, found: [] }
  segments.forEach((_, first) => {
    let [ms, aloneMs, tokens] = [0, 0, 0]
    let within = { aloneMs: 0, tokens: 0 }
    for (let last = first; last < segments.length; last++) {
      const segment = segments[last] as Segment
      if (last > first + 1) {
        const before = segments[last - 1] as Segment
        within = { aloneMs: within.aloneMs + before.aloneMs, tokens: within.tokens + before.tokens }
      }
      ms += segment.ms
      aloneMs += segment.aloneMs
      tokens += segment.tokens
      if (!isSilent(within, paceMs)) break
      const lostMs = aloneMs - tokens * paceMs
      const pause = (ms * lostMs) / aloneMs
      if (pause < leastPause * paceMs || pause < leastShare * allMs) continue
      const rest = segments.filter((__, index) => index < first || index > last)
      const { squares: left, coefficients } = fitPaces(
        rest,
        paceMs,
        rest.map(({ aloneMs }) => [aloneMs]),
      )
      // What is left out is no better explained, and one piece by itself is explained by whatever pace it has.
      const squares = left * (segments.length / rest.length)
      const isClear = rest.length > 1 && evidenceOf(streaming, unexplained, squares) >= leastEvidence
      if (!isClear && !isSilent({ aloneMs, tokens }, paceMs)) continue
      const savedMs = earlier(streaming, aloneMs - tokens / (coefficients[0] || 1 / paceMs))
      if (squares < best.squares) best = { squares, found: [named('stall', [chat], savedMs)] }
    }
  })
  return best
}

/** So many times the one pace is a slow one. */
const slowPace = 1.4

/** Tokens come slower while one tool is in flight: the one that explains most. */
function contention(streaming: Streaming): Explained {
  const { calls, segments, paceMs, firstMs, endMs, allMs, of } = streaming
  const unexplained = steady(streaming)
  let best: Explained = { squares: Infinity, found: [] }
  for (const tool of new Set(calls.map(({ step }) => step.name))) {
    const own = calls.filter(({ step }) => step.name === tool && of(step).from < endMs && of(step).to > firstMs)
    const isBeside = ({ middle }: Segment) => own.some(({ step }) => of(step).from <= middle && of(step).to > middle)
    const rows = segments.map((segment) => (isBeside(segment) ? [0, segment.aloneMs] : [segment.aloneMs, 0]))
    const { squares, coefficients } = fitPaces(segments, paceMs, rows)
    const [usual = 0, slow = 0] = coefficients
    const lostMs = (1 - slow / usual) * rows.reduce((sum, [, ms = 0]) => sum + ms, 0)
    const costMs = earlier(streaming, lostMs)
    const evidence = evidenceOf(streaming, unexplained, squares)
    if (squares >= best.squares || usual < slowPace * slow || evidence < leastEvidence || costMs < leastShare * allMs)
      continue
    best = {
      squares,
      found: [
        named(
          'contention',
          own.map(({ index }) => index),
          costMs,
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
  const streaming = streamingOf(table, usual)
  if (!streaming) return []
  const pace = [steady(streaming), stall(streaming), contention(streaming)]
  const { found } = pace.reduce((best, each) => (each.squares < best.squares ? each : best))
  return [...lateFirstToken(table, usual, streaming), ...found, ...slowBackground(table, usual, streaming)]
}
