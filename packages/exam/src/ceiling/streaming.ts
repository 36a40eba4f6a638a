import { median } from 'findings/statistics'
import { type Piece, piecesOf } from '../table/pieces.ts'
import type { Step, Table } from '../table/table.ts'
import type { Usual } from './usual.ts'

/** Between two marks: how long the model was at it alone, which is shorter by its load. */
export interface Segment extends Piece {
  aloneMs: number
}

export interface Streaming {
  chat: number
  /** Background calls that were answered, with their index in the table. */
  calls: { step: Step; index: number }[]
  segments: Segment[]
  /** From the start of the chat, as everything here: its first token, its end, the end of all, that of what runs beside it. */
  firstMs: number
  endMs: number
  allMs: number
  backgroundMs: number
  /** Of a token with nothing else asked of the model, ms. */
  paceMs: number
  /** How many times longer it takes with what is asked at a time. */
  loadAt: (ms: number) => number
  /** When a step starts and ends. */
  of: (step: Step) => { from: number; to: number }
}

const usualPaceMs = 30

/** What a trace says of its streamed answer; undefined in one without. */
export function streamingOf(table: Table, { sharing }: Usual): Streaming | undefined {
  const { steps } = table
  const read = piecesOf(table)
  if (!read) return undefined
  const { step: streamed, marks } = read
  const of = ({ start_ms, ms }: Step) => ({ from: start_ms - streamed.start_ms, to: start_ms - streamed.start_ms + ms })
  const share = sharing.get(streamed.name) ?? 0
  const segments = read.pieces.map((piece) => ({ ...piece, aloneMs: piece.ms / (1 + share * piece.others) }))
  const paces = segments.filter(({ tokens }) => tokens > 3).map(({ aloneMs, tokens }) => aloneMs / tokens)
  const backgroundMs = Math.max(0, ...steps.flatMap((step) => (step === streamed ? [] : of(step).to)))
  const calls = steps.flatMap((step, index) => (step.kind === 'tool' && step.failure === null ? [{ step, index }] : []))
  return {
    chat: read.chat,
    loadAt: (ms) => 1 + share * read.othersAt(ms),
    calls,
    segments,
    firstMs: marks[0].ms,
    endMs: streamed.ms,
    allMs: Math.max(streamed.ms, backgroundMs),
    backgroundMs,
    paceMs: paces.length > 0 ? median(paces) : usualPaceMs,
    of,
  }
}

/** How much earlier all would have ended if the model had not lost so much time of its own: its last tokens would have come in it, ms. */
export function earlier({ segments, allMs, endMs, backgroundMs }: Streaming, lostMs: number): number {
  let [left, ms] = [lostMs, 0]
  for (const segment of segments.toReversed()) {
    if (left <= 0) break
    const share = segment.aloneMs > 0 ? Math.min(1, left / segment.aloneMs) : 1
    ms += share * segment.ms
    left -= share * segment.aloneMs
  }
  return allMs - Math.max(endMs - ms, backgroundMs)
}
