import type { CallFigures } from './calls.ts'

/** Words of a finding's sentence, which stands on the wire: whole milliseconds, plain blanks. */
export const ms = (value: number) => `${Math.round(value)} ms`
export const percent = (share: number) => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
export const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`

/** The first few, and how many more there are. */
export function list(items: readonly string[]): string {
  const shown = items.length > 5 ? [...items.slice(0, 4), `${items.length - 4} more`] : items
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) as string}`
}

/** Calls by whoever made them, or by their tools; where all are of one tool and many, that tool says it. */
export function calls(slow: readonly CallFigures[], by: 'agent' | 'tool' = 'agent'): string {
  const times = slow.map(({ ms }) => Math.round(ms))
  const tools = new Set(slow.map(({ tool }) => tool))
  const [tool] = tools
  if (tool && tools.size === 1 && slow.length > 5)
    return `${slow.length} calls of ${tool} (${times.reduce((a, b) => Math.min(a, b))} to ${times.reduce((a, b) => Math.max(a, b))} ms)`
  return list(
    slow.map(({ agent_id, tool, ms }) => `${(by === 'tool' ? tool : agent_id) || 'a call'} (${Math.round(ms)} ms)`),
  )
}

/** What is added to a sentence of calls that were slow, by their tools; nothing where none was. */
export function slow(slow: readonly CallFigures[]): string {
  return slow.length === 0 ? '' : `; ${calls(slow, 'tool')} ${slow.length === 1 ? 'was' : 'were'} slow`
}

/** All there is to say of calls where no agent came to make one. */
export const noCalls = 'No call was made'

/** What is added to a sentence of calls that failed; nothing where none did. */
export function failed(number: number): string {
  return number === 0 ? '' : `; ${count(number, 'call')} failed`
}
