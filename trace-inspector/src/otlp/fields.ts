/** Fields of a message that came from outside, checked. What is wrong is told with the path that leads to it. */

export type Message = Record<string, unknown>

const longestPath = 100

/** The message is not what the protocol says; the text is meant for its sender. */
export class Malformed extends Error {
  override name = 'Malformed'
  readonly path: string
  readonly expected: string

  constructor(path: string, expected: string) {
    super(path ? `${path}: expected ${expected}` : `expected ${expected}`)
    this.path = path
    this.expected = expected
  }

  /** The same fault as seen from a message around. */
  within(path: string): Malformed {
    // What is far inside of lists in lists has a path that nobody would read.
    const inner = this.path.length > longestPath ? `${this.path.slice(0, longestPath)}…` : this.path
    return new Malformed(inner ? `${path}.${inner}` : path, this.expected)
  }
}

export function asMessage(value: unknown, path = ''): Message {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Message
  throw new Malformed(path, 'an object')
}

/** Reads a message inside another, an empty one where there is none. */
export function part<Read>(message: Message, field: string, read: (inner: Message) => Read): Read {
  return within(field, () => read(asMessage(message[field] ?? {})))
}

export function list(message: Message, field: string): unknown[] {
  const value = message[field] ?? []
  if (Array.isArray(value)) return value
  throw new Malformed(field, 'a list')
}

/** Visits a list; a fault inside is told with its place in the list. Paths are made only when there is one. */
export function each(message: Message, field: string, visit: (item: Message) => void): void {
  const items = list(message, field)
  for (let index = 0; index < items.length; index++) {
    try {
      visit(asMessage(items[index]))
    } catch (error) {
      throw error instanceof Malformed ? error.within(`${field}[${index}]`) : error
    }
  }
}

/** Reads what is inside of a message; a fault is told with its path. */
export function within<Read>(path: string, read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    throw error instanceof Malformed ? error.within(path) : error
  }
}

export function text(message: Message, field: string): string {
  const value = message[field] ?? ''
  if (typeof value === 'string') return value
  throw new Malformed(field, 'text')
}

/** A number as JSON may write it: https://protobuf.dev/programming-guides/json/ */
const numeric = /^-?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,4})?$/i

/** A number, or its text; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && numeric.test(value) ? Number(value) : undefined
}

/** A whole number from 0 to 2³² − 1; 0 where there is none. */
export function count(message: Message, field: string): number {
  const value = numberOf(message[field] ?? 0)
  if (value !== undefined && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value
  throw new Malformed(field, 'a whole number from 0 to 4294967295')
}

/**
 * A member of an enumeration by its number, or by its name with `prefix`, which some senders write. Enumerations are open:
 * a number that is not known yet is the first member, which says nothing.
 */
export function member<Name extends string>(
  message: Message,
  field: string,
  names: readonly [Name, ...Name[]],
  prefix: string,
): Name {
  const value = message[field] ?? 0
  const number = numberOf(value)
  if (number !== undefined && Number.isInteger(number)) return names[number] ?? names[0]
  const name =
    typeof value === 'string' && names.find((candidate) => prefix + candidate.toUpperCase() === value.toUpperCase())
  if (name) return name
  throw new Malformed(field, `a number, or a name that begins with ${prefix}`)
}
