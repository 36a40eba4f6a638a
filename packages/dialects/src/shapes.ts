import type { Attributes, Line } from './line.ts'

export type Entries = readonly (Line & { name: string })[]
type Entry = Entries[number]
export type Values = Readonly<Record<string, unknown>>

/** Where whoever writes attributes keeps what it has made of them, for the next that has them just so. */
export interface Kept {
  bytes?: Uint8Array | undefined
}

/** What is written of a step at one place: attributes that other steps have just so, or one of its own. */
export type Piece =
  { shared: Attributes; kept: Kept; entry?: undefined } | { shared?: undefined; entry: Entry; at: number }

/** Steps that are alike in all that seldom changes, and what is written of them. */
interface Pattern {
  values: readonly unknown[]
  pieces: readonly Piece[]
}

/** How many shapes of one operation's facts are kept, and how many patterns of a shape. */
const mostShapes = 32
const mostPatterns = 16

/**
 * How facts with these names, in this order, are written. A dozen facts may be there and few are: looking for those that are
 * not costs more than writing all others. And most of what a step says another has said: which of its facts seldom change is
 * learned on the way.
 */
export class Shape {
  readonly names: readonly string[]
  /** Entries whose facts are there, each by its place among the values; -1 for what is always the same. */
  readonly #placed: readonly { entry: Entry; at: number }[]
  /** Places of values that are written and seldom change. */
  #steady: number[]
  #patterns: Pattern[] = []
  readonly #count: number

  /** The values of a step are those of its facts by these names, and of what comes `beside` them. */
  constructor(names: readonly string[], beside: readonly string[], entries: Entries) {
    this.names = names
    const all = [...names, ...beside]
    this.#count = all.length
    this.#placed = entries
      .map((entry) => ({ entry, at: entry.fact === undefined ? -1 : all.indexOf(entry.fact) }))
      .filter(({ entry, at }) => at >= 0 || entry.always !== undefined)
    const placed = new Set(this.#placed.map(({ at }) => at))
    this.#steady = [...all.keys()].filter((at) => placed.has(at))
  }

  /** What is written of a step that has these values: of what varies, only where it is to stand. */
  piecesOf(values: readonly unknown[]): readonly Piece[] {
    for (const pattern of this.#patterns) if (this.#fits(pattern, values)) return pattern.pieces
    if (this.#patterns.length === mostPatterns) this.#learn()
    const made = { values: values.slice(0, this.#count), pieces: this.#piecesFor(values) }
    this.#patterns.push(made)
    return made.pieces
  }

  #fits(pattern: Pattern, values: readonly unknown[]): boolean {
    for (const at of this.#steady) if (pattern.values[at] !== values[at]) return false
    return true
  }

  /** Takes the value that had most values for one that varies. */
  #learn(): void {
    const countOf = (at: number) => new Set(this.#patterns.map(({ values }) => values[at])).size
    const counts = this.#steady.map(countOf)
    this.#steady.splice(counts.indexOf(Math.max(...counts)), 1)
    this.#patterns = []
  }

  #piecesFor(values: readonly unknown[]): Piece[] {
    const pieces: Piece[] = []
    let shared: Attributes | undefined
    for (const { entry, at } of this.#placed) {
      if (at >= 0 && !this.#steady.includes(at)) {
        pieces.push({ entry, at })
        shared = undefined
        continue
      }
      const written = writtenOf(entry, at < 0 ? entry.always : values[at])
      if (written === undefined) continue
      if (!shared) pieces.push({ shared: (shared = {}), kept: { bytes: undefined } })
      shared[entry.name] = written
    }
    return pieces
  }
}

/** What an entry makes of a value; undefined: nothing. */
export function writtenOf({ write }: Entry, value: unknown): Attributes[string] | undefined {
  if (value === undefined || value === null) return undefined
  return write ? write(value) : (value as Attributes[string])
}

/** A name after others: shapes begin alike, and facts are gone through once whatever shape they have. */
interface Name {
  readonly name: string
  /** That of facts with no further name. */
  shape: Shape | undefined
  /** The first of those that may follow, and the next of those that may stand in its place. */
  following: Name | undefined
  readonly other: Name | undefined
}

/** The shapes of one operation's facts. */
export class Shapes {
  readonly #beside: readonly string[]
  readonly #entries: Entries
  readonly #start: Name = { name: '', shape: undefined, following: undefined, other: undefined }
  #count = 0

  constructor(beside: readonly string[], entries: Entries) {
    this.#beside = beside
    this.#entries = entries
  }

  /** The shape of these facts, whose values are put into `values` in the order of its names. */
  of(facts: Values, values: unknown[]): Shape {
    let last: Name | undefined = this.#start
    let at = 0
    for (const name in facts) {
      values[at++] = facts[name]
      last = last && after(last, name)
    }
    return last?.shape ?? this.#make(facts)
  }

  #make(facts: Values): Shape {
    const names = Object.keys(facts)
    const made = new Shape(names, this.#beside, this.#entries)
    if (this.#count === mostShapes) return made
    this.#count++
    let last = this.#start
    for (const name of names) {
      const known = after(last, name)
      last = known ?? (last.following = { name, shape: undefined, following: undefined, other: last.following })
    }
    last.shape = made
    return made
  }
}

function after({ following }: Name, name: string): Name | undefined {
  let found = following
  while (found !== undefined && found.name !== name) found = found.other
  return found
}
