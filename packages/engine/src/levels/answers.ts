import type { Random } from 'contract/random'
import { resultOf } from './calls.ts'
import type { Draft } from './draft.ts'
import type { ToolBaseline } from './world.ts'

/** So many a page has at most. */
export const pageItems = 20

/** What an answer says of how much there is. */
export interface Said {
  count: number
  total: number
  /** Where the next page begins. */
  cursor?: string | undefined
  error?: string | undefined
  /** What else there is, and how much of it. */
  items?: readonly { id: string; count: number }[] | undefined
}

/** The text of an answer; `key` is what its version is drawn by. Tools that say so add that nothing went wrong. */
export function answerOf(draft: Draft, key: string, tool: ToolBaseline, { items = [], error, ...said }: Said): string {
  return resultOf(draft, key, {
    ...said,
    ...((tool.saysNoError || error !== undefined) && { error: error ?? null }),
    ...(items.length > 0 && { items }),
  })
}

/** How many times the usual payload an answer of so many entries is. */
export const sizeOf = ({ count }: Said) => 0.2 + 0.03 * count

/** How an answer is wrong that comes with 200. */
export const flaws = ['body_error', 'truncated', 'wrong_empty'] as const
export type Flaw = (typeof flaws)[number]

/** What an error in an answer says. */
export const errors = ['the index could not be read', 'upstream timed out', 'backend unavailable', 'query failed']

/** What a tool adds to an answer that is whole. */
export const notes = ['note: as of an hour ago', 'note: sorted by date', 'note: this index moves soon']

/** What is said where there are so many, and what is said instead. */
export function flawed(random: Random, flaw: Flaw): { right: Said; wrong: Said } {
  const count = random.integer(5, 40)
  const right = (total: number) => ({ count: total, total })
  // As much came as there was until it went wrong, which may be nothing.
  const before = random.chance(0.5) ? random.integer(1, count) : 0
  switch (flaw) {
    case 'body_error':
      return { right: right(count), wrong: { ...right(before), error: random.pick(errors) } }
    case 'truncated':
      return {
        right: right(pageItems + count),
        wrong: { count: random.integer(1, pageItems + count - 1), total: pageItems + count },
      }
    case 'wrong_empty':
      return { right: right(count), wrong: { count: 0, total: 0 } }
  }
}
