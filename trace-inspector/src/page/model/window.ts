/** Rows that are drawn beyond the edges, so that scrolling meets no gap. */
const overscan = 8

/** Which of `count` rows of one height are to be drawn; `to` is not among them. */
export function windowOf(scrollTop: number, viewHeight: number, rowHeight: number, count: number) {
  const first = Math.floor(scrollTop / rowHeight)
  const from = Math.max(0, Math.min(first - overscan, count))
  const to = Math.min(count, first + Math.ceil(viewHeight / rowHeight) + overscan + 1)
  return { from, to: Math.max(from, to) }
}

/** Where to scroll so that a row is seen with some context; where it is seen already, nowhere. */
export function scrollTo(row: number, scrollTop: number, viewHeight: number, rowHeight: number): number {
  const top = row * rowHeight
  const margin = Math.min(2 * rowHeight, Math.max(0, (viewHeight - rowHeight) / 2))
  if (top - margin < scrollTop) return Math.max(0, top - margin)
  if (top + rowHeight + margin > scrollTop + viewHeight) return top + rowHeight + margin - viewHeight
  return scrollTop
}
