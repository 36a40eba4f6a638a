import type { Content } from 'contract/facts'

/** An attribute's value; of content, what the ledger keeps of it. */
export type AttributeValue = string | number | boolean | string[] | Content
export type Attributes = Record<string, AttributeValue>

/**
 * How one attribute is made of one fact, and the fact read back from it; one without a fact is always the same. A value that
 * is not as this line writes it is not read: spans may come from anywhere.
 */
export interface Line<Fact = string> {
  fact?: Fact
  always?: AttributeValue
  /** undefined: not written. */
  write?: (value: unknown) => AttributeValue | undefined
  read?: (value: unknown) => unknown
}

/** How many names of one kind are kept; more are made each time. */
const mostNames = 1024

/** Names spans by a word and a fact of few values: one text for each, since to make it takes longer than to write it. */
export function named<const Fact extends string>(word: string, fact: Fact): (facts: Record<Fact, string>) => string {
  const known = new Map<string, string>()
  return ({ [fact]: value }) => {
    const name = known.get(value)
    if (name !== undefined) return name
    const made = `${word} ${value}`
    if (known.size < mostNames) known.set(value, made)
    return made
  }
}

/** Always the same. */
export const is = (always: AttributeValue): Line<never> => ({ always })

const ofType = (type: 'string' | 'boolean') => (value: unknown) => (typeof value === type ? value : undefined)
/** No formula can make anything of NaN or of infinity. */
const finite = (value: unknown) => (Number.isFinite(value) ? value : undefined)

export const text = <const Fact extends string>(fact: Fact) => ({ fact, read: ofType('string') })
export const number = <const Fact extends string>(fact: Fact) => ({ fact, read: finite })
export const flag = <const Fact extends string>(fact: Fact) => ({ fact, read: ofType('boolean') })
/** Content as it is; what was read is no content of ours, and nothing is made of it. */
export const content = <const Fact extends string>(fact: Fact) => ({ fact })

/** A double on the wire, where a whole number would be an integer: a nanosecond more is less than any clock here sees. */
export const fraction = <const Fact extends string>(fact: Fact) => ({
  fact,
  write: (value: unknown) => {
    const seconds = Number(value)
    return Number.isInteger(seconds) ? seconds + 1e-9 : seconds
  },
  read: finite,
})

/** One word as a list that has no other. */
export const list = <const Fact extends string>(fact: Fact) => ({
  fact,
  write: (value: unknown) => [String(value)],
  read: (value: unknown) => (Array.isArray(value) ? ofType('string')(value[0]) : undefined),
})

/** A count that is left out where it is 0. */
export const unlessZero = <const Fact extends string>(fact: Fact) => ({
  fact,
  write: (value: unknown) => (typeof value === 'number' && value > 0 ? value : undefined),
  read: finite,
})
