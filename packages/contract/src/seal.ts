import { hash, randomBytes } from 'node:crypto'

/** What stands for a key until it is opened, and what it takes to see that it is the same key then. */
export interface Seal {
  /** 128 random bits: without them, nobody finds a key by trying keys. */
  salt: string
  /** Of the canonical JSON of `{ "key": …, "salt": … }`. */
  sha256: string
}

/** Seals a key. */
export function seal(key: unknown, salt = randomBytes(16).toString('hex')): Seal {
  return { salt, sha256: hash('sha256', canonicalJson({ key, salt })) }
}

/** JSON without blanks and with names in order of their UTF-16 units, as RFC 8785 has it: the same for the same value. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
