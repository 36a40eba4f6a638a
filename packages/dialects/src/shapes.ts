import type { Line } from './line.ts'

export type Entries = readonly (Line & { name: string })[]
export type Values = Readonly<Record<string, unknown>>

/** Entries whose facts are there; each fact by its place among the names. */
type Placed = readonly { entry: Entries[number]; at: number }[]

/** How facts with these names, in this order, are written. */
export interface Shape {
  names: readonly string[]
  opening: Placed
  learned: Placed
}

/** How many shapes of an operation's facts are kept. */
const mostKept = 32

/**
 * The shapes of one operation's facts. A dozen facts may be there and few are: looking for those that are not costs more than
 * writing all others.
 */
export class Shapes {
  readonly #opening: Entries
  readonly #learned: Entries
  readonly #known: Shape[] = []

  constructor(opening: Entries, learned: Entries) {
    this.#opening = opening
    this.#learned = learned
  }

  /** The shape of these facts, whose values are put into `values` in the order of its names. */
  of(facts: Values, values: unknown[]): Shape {
    for (const shape of this.#known) if (takeValues(shape.names, facts, values)) return shape
    const names = Object.keys(facts)
    const placed = (entries: Entries): Placed =>
      entries
        .map((entry) => ({ entry, at: entry.fact === undefined ? -1 : names.indexOf(entry.fact) }))
        .filter(({ entry, at }) => at >= 0 || entry.always !== undefined)
    const made = { names, opening: placed(this.#opening), learned: placed(this.#learned) }
    if (this.#known.length < mostKept) this.#known.push(made)
    takeValues(names, facts, values)
    return made
  }
}

/** False when these are not the names of the facts. */
function takeValues(names: readonly string[], facts: Values, values: unknown[]): boolean {
  let at = 0
  for (const name in facts) {
    if (name !== names[at]) return false
    values[at++] = facts[name]
  }
  return at === names.length
}
