import { type Columns, extentOf, nameOf } from './columns.ts'
import { findIdle, type Gap } from './idle.ts'
import type { Note } from './note.ts'
import { buildTree, type Tree } from './tree.ts'

/** A trace, ready to be drawn. */
export interface TraceModel {
  columns: Columns
  tree: Tree
  extent: { start: number; end: number }
  idle: Gap[]
  /** By span id. */
  notes: Readonly<Record<string, Note>>
}

export function modelOf(columns: Columns, notes: Readonly<Record<string, Note>> = {}): TraceModel {
  const tree = buildTree(columns)
  const extent = extentOf(columns)
  return { columns, tree, extent, notes, idle: findIdle(columns, tree, extent) }
}

/** Durations of the calls of a trace by span id, in order of start. */
export function callsOf({ columns }: TraceModel): Map<string, number> {
  const calls = columns.id.flatMap((_, span) => (nameOf(columns, span).startsWith('execute_tool') ? [span] : []))
  calls.sort((a, b) => (columns.start[a] as number) - (columns.start[b] as number))
  return new Map(calls.map((span) => [columns.id[span] as string, columns.duration[span] as number]))
}
