import type { Step, Streamed, Table } from './table.ts'

/** Of a streamed answer, between two marks: how long, how many tokens came, when its middle is, and how many other calls of its model there were. */
export interface Piece {
  ms: number
  tokens: number
  middle: number
  others: number
}

/** The step of the streamed answer, its index in the table, and its marks; undefined in a run without one. */
export function streamedOf({
  steps,
  streamed,
}: Table): { chat: number; step: Step; marks: Streamed['marks'] } | undefined {
  const chat = steps.findIndex(({ span_id }) => span_id === streamed?.span_id)
  const step = steps[chat]
  return streamed && step && { chat, step, marks: streamed.marks }
}

/** A streamed answer, its pieces from its first token on, and how many other calls of its model there are so long after its start, ms; undefined in a run without one. */
export function piecesOf(
  table: Table,
): (NonNullable<ReturnType<typeof streamedOf>> & { pieces: Piece[]; othersAt: (ms: number) => number }) | undefined {
  const read = streamedOf(table)
  if (!read) return undefined
  const { step: streamed, marks } = read
  const isUnderWay = ({ start_ms, ms }: Step, at: number) => start_ms <= at && start_ms + ms > at
  const rivals = table.steps.filter((step) => step !== streamed && step.kind === 'model' && step.name === streamed.name)
  const othersAt = (ms: number) => rivals.filter((step) => isUnderWay(step, streamed.start_ms + ms)).length
  const pieces = marks.slice(1).map(({ ms, tokens }, index) => {
    const before = marks[index] as (typeof marks)[number]
    const middle = (ms + before.ms) / 2
    return { ms: ms - before.ms, tokens: tokens - before.tokens, middle, others: othersAt(middle) }
  })
  return { ...read, pieces, othersAt }
}
