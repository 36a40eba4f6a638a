import type { Columns } from './columns.ts'
import type { Folds } from './fold.ts'
import type { Opened } from './rows.ts'

export interface Drawn {
  columns: Columns
  folds: Folds
}

/** What the reader opened and closed, found again by span ids after more spans have come. */
export function carryOver(opened: Opened, before: Drawn, after: Drawn): Opened {
  const places = new Map(after.columns.id.map((id, span) => [id, span]))
  const placeOf = (span: number) => places.get(before.columns.id[span] as string)
  const closed = [...opened.closed].flatMap((span) => placeOf(span) ?? [])
  const unfolded = [...opened.unfolded].flatMap((fold) =>
    (before.folds.folds[fold]?.members ?? []).flatMap((span) => {
      const place = placeOf(span)
      const into = place === undefined ? -1 : (after.folds.of[place] as number)
      return into >= 0 ? into : []
    }),
  )
  return { closed: new Set(closed), unfolded: new Set(unfolded) }
}
