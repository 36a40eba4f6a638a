import { median } from 'findings/statistics'
import { piecesOf } from '../table/pieces.ts'
import type { Table } from '../table/table.ts'
import { leastSquares } from './least-squares.ts'

/** Of each model, so much longer a token takes for each other call of it, as a share: the median of runs in which there are some. */
export function learnSharing(tables: readonly Table[]): ReadonlyMap<string, number> {
  const shares = tables.flatMap((table) => {
    const read = piecesOf(table)
    if (!read) return []
    const { step, pieces } = read
    const byOthers = [...Map.groupBy(pieces, ({ others }) => others)]
    // Of all pieces with as many others together: a token less or more at an end is nothing then.
    const paces = byOthers.flatMap(([others, pieces]) => {
      const ms = pieces.reduce((sum, piece) => sum + piece.ms, 0)
      const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0)
      return tokens > 0 ? [{ others, tokens, ms: ms / tokens }] : []
    })
    if (paces.length < 2) return []
    const [alone = 0, each = 0] = leastSquares(
      paces.map(({ others }) => [1, others]),
      paces.map(({ ms }) => ms),
      paces.map(({ tokens, ms }) => tokens / ms ** 2),
    ).coefficients
    return alone > 0 ? [{ model: step.name, share: each / alone }] : []
  })
  return new Map(
    [...Map.groupBy(shares, ({ model }) => model)].map(([model, own]) => [
      model,
      Math.max(0, median(own.map(({ share }) => share))),
    ]),
  )
}
