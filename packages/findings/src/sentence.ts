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

/** What is added to a sentence of calls that were slow, by their tools; nothing where none was. */
export function slow(calls: readonly CallFigures[]): string {
  if (calls.length === 0) return ''
  return `; ${list(calls.map(({ tool, ms }) => `${tool || 'a call'} (${Math.round(ms)} ms)`))} ${calls.length === 1 ? 'was' : 'were'} slow`
}

/** What is added to a sentence of calls that failed; nothing where none did. */
export function failed(number: number): string {
  return number === 0 ? '' : `; ${count(number, 'call')} failed`
}
