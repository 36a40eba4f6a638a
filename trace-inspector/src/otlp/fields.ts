/** Fields of a message that came from outside, checked. What is wrong is told with the path that leads to it. */

export type Message = Record<string, unknown>

/** The message is not what the protocol says; the text is meant for its sender. */
export class Malformed extends Error {
  override name = 'Malformed'
  readonly path: string
  readonly expected: string

  constructor(path: string, expected: string) {
    super(`${path}: expected ${expected}`)
    this.path = path
    this.expected = expected
  }
}

export function asMessage(value: unknown, path: string): Message {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Message
  throw new Malformed(path, 'an object')
}

/** A message inside another, an empty one where there is none. */
export function part(message: Message, field: string): Message {
  const value = message[field]
  return value === undefined || value === null ? {} : asMessage(value, field)
}

/** Visits a list; a fault inside is told with its place in the list. Paths are made only when there is one. */
export function each(message: Message, field: string, visit: (item: Message) => void): void {
  const list = message[field] ?? []
  if (!Array.isArray(list)) throw new Malformed(field, 'a list')
  for (let index = 0; index < list.length; index++) {
    try {
      visit(asMessage(list[index], ''))
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      throw new Malformed(`${field}[${index}]${error.path && '.'}${error.path}`, error.expected)
    }
  }
}

export function text(message: Message, field: string): string {
  const value = message[field] ?? ''
  if (typeof value === 'string') return value
  throw new Malformed(field, 'text')
}

/** A 64-bit number, as JSON (digits or a number) and protobuf (a Long) have it; 0 where there is none. */
export function wide(message: Message, field: string): number {
  const value = message[field] ?? 0
  if (typeof value === 'number') return value
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return Number(value)
  if (typeof value === 'object' && 'toNumber' in value) return (value as { toNumber: () => number }).toNumber()
  throw new Malformed(field, 'a whole number')
}

/** Nanoseconds since the epoch as milliseconds. */
export function time(message: Message, field: string): number {
  return wide(message, field) / 1e6
}

/** A member of an enumeration by its number, or by its name with `prefix`, which some senders write. */
export function member<Name extends string>(
  message: Message,
  field: string,
  names: readonly Name[],
  prefix: string,
): Name {
  const value = message[field] ?? 0
  const name =
    typeof value === 'string' && value.startsWith(prefix)
      ? names.find((candidate) => candidate === value.slice(prefix.length).toLowerCase())
      : names[value as number]
  if (name !== undefined) return name
  throw new Malformed(field, `a number from 0 to ${names.length - 1}`)
}
