import { shapeOf } from 'findings/arguments'
import type { Table } from '../table/table.ts'

/** What tools take. */
export interface Calling {
  /** Tools that have answered. */
  tools: ReadonlySet<string>
  /** Of arguments that were answered, a line for each tool and shape. */
  shapes: ReadonlySet<string>
}

export const lineOf = (tool: string, args: string) => `${tool} ${shapeOf(args)}`

/** Learns it from runs. */
export function learnCalling(tables: readonly Table[]): Calling {
  const answered = tables.flatMap(({ steps }) =>
    steps.filter(({ kind, failure }) => kind === 'tool' && failure === null),
  )
  return {
    tools: new Set(answered.map(({ name }) => name)),
    shapes: new Set(answered.map(({ name, args }) => lineOf(name, args))),
  }
}
