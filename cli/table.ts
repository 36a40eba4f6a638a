/** A column of a table: what stands above it, and how wide it is at least. */
export interface Column {
  title: string
  /** Characters; the title's own where nothing else is said. */
  width?: number
  /** Numbers stand at the right. */
  align?: 'left' | 'right'
}

/** One row, for who does not know the others yet: a cell that is wider than its column pushes the rest. */
export function renderRow(columns: readonly Column[], cells: readonly string[]): string {
  const padded = columns.map(({ title, width = title.length, align }, index) => {
    const cell = cells[index] ?? ''
    return align === 'right' ? cell.padStart(width) : cell.padEnd(width)
  })
  return padded.join('  ').trimEnd()
}

export const renderHead = (columns: readonly Column[]): string =>
  renderRow(
    columns,
    columns.map(({ title }) => title),
  )

/** Head and rows, each column as wide as the widest of it. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const fitting = columns.map((column, index) => ({
    ...column,
    width: Math.max(column.title.length, column.width ?? 0, ...rows.map((row) => (row[index] ?? '').length)),
  }))
  return [renderHead(fitting), ...rows.map((row) => renderRow(fitting, row))].join('\n')
}
