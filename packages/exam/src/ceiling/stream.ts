import { median } from 'findings/statistics'
import type { PlantedKind } from 'contract/taxonomy'
import type { Step, Table } from '../table/table.ts'
import type { Detector, Found } from './detector.ts'
import type { Usual } from './fit.ts'
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
  /** From the start of the chat, as everything here: its first token, its end, the end of all. */
  firstMs: number
  endMs: number
  allMs: number
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
  const calls = steps.flatMap((step, index) => (step.kind === 'tool' && step.failure === null ? [{ step, index }] : []))
  return {
    chat,
    calls,
    segments,
    firstMs: first.ms,
    endMs: streamed.ms,
    allMs: Math.max(streamed.ms, ...steps.map((step) => of(step).to)),
    paceMs: paces.length > 0 ? median(paces) : usualPaceMs,
    of,
  }
}

const named = (kind: PlantedKind, steps: number[], savingMs: number): Found => ({
  kinds: [kind],
  steps,
  // All of it is saved at one step: the run ends with its last.
  instead: ({ ms, gap_ms }, index) => ({ ms: index === steps[0] ? ms - savingMs : ms, gap_ms }),
})

/** The first token came later than what the prompt explains. */
function lateFirstToken(table: Table, usual: Usual, { chat, firstMs, allMs }: Streaming): Found[] {
  const expected = usual.firstTokenMs(table)
  if (!expected) return []
  const late = firstMs - expected.ms
  return firstMs > expected.ms * expected.limit && late > leastShare * allMs ? [named('slow_ttft', [chat], late)] : []
}

/** No token for long, over however many marks. */
function stall({ chat, segments, paceMs, allMs }: Streaming): Found[] {
  let silent = 0
  let longest = 0
  for (const { ms, tokens } of segments) {
    silent = tokens <= Math.max(1, (0.25 * ms) / paceMs) ? silent + ms - tokens * paceMs : 0
    longest = Math.max(longest, silent)
  }
  const within = Math.max(0, ...segments.map(({ ms, tokens }) => ms - tokens * paceMs * 3.6))
  const stalled = Math.max(longest > 14 * paceMs ? longest : 0, within > 10 * paceMs ? within : 0)
  return stalled > leastShare * allMs ? [named('stall', [chat], stalled)] : []
}

/** Tokens come slower while one tool is in flight: the pace with and without each of them. */
function contention({ calls, segments, firstMs, endMs, allMs, of }: Streaming): Found[] {
  const isInFlight = (tool: string, at: number) =>
    calls.some(({ step }) => step.name === tool && of(step).from <= at && of(step).to > at)
  const tools = [...new Set(calls.map(({ step }) => step.name))].filter((tool) =>
    segments.some(({ middle }) => isInFlight(tool, middle)),
  )
  const rows = segments.map(({ tokens, middle }) => [
    tokens,
    ...tools.map((tool) => tokens * Number(isInFlight(tool, middle))),
  ])
  const times = segments.map(({ ms }) => ms)
  const { coefficients, errors } = leastSquares(
    rows,
    times,
    times.map((ms) => 1 / Math.max(1, ms)),
  )
  const effects = tools.map((tool, index) => {
    const added = coefficients[index + 1] ?? 0
    return {
      tool,
      added,
      z: added / ((errors[index + 1] ?? 0) + 1e-6),
      ms: added * rows.reduce((sum, row) => sum + (row[index + 1] ?? 0), 0),
    }
  })
  const [first, ...rest] = effects
  if (!first) return []
  const { tool, added, z, ms } = rest.reduce((best, each) => (each.z > best.z ? each : best), first)
  if (added <= 0.4 * (coefficients[0] ?? 0) || z <= 4 || ms <= leastShare * allMs) return []
  const culprits = calls.filter(({ step }) => step.name === tool && of(step).from < endMs && of(step).to > firstMs)
  return [
    named(
      'contention',
      culprits.map(({ index }) => index),
      ms,
    ),
  ]
}

/** A background call that took longer than tool and size explain, and that all waited for in the end. */
function slowBackground({ steps }: Table, usual: Usual, { calls, endMs, allMs, of }: Streaming): Found[] {
  return calls.flatMap(({ step, index }) => {
    const expected = usual.expected(step)
    if (expected === undefined || step.ms <= expected * usual.limitOf(step)) return []
    const ends = steps.map((other) => (other === step ? of(step).from + expected : of(other).to))
    const saved = allMs - Math.max(endMs, ...ends)
    return saved > leastShare * allMs ? [named('slow_background', [index], saved)] : []
  })
}

/** What is wrong with a streamed answer and what runs beside it. */
export const stream: Detector = (table, usual) => {
  const streaming = streamingOf(table)
  if (!streaming) return []
  const late = lateFirstToken(table, usual, streaming)
  const stalled = stall(streaming)
  // A pause that nobody explains would be laid on whatever tool was in flight.
  if (stalled.length > 0) return [...late, ...stalled]
  return [...late, ...contention(streaming), ...slowBackground(table, usual, streaming)]
}
