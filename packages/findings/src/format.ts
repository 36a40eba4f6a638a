/** Up to here a duration is written in milliseconds, as the findings' sentences have it; in seconds up to ten minutes. */
const mostMs = 100_000
const mostSeconds = 600_000
/** Beside larger units what is shorter keeps its own: it is not to read as nothing. */
const leastInSeconds = 100
const leastInMinutes = 6000

/** A duration in milliseconds, with its unit. */
export function ms(value: number): string {
  return durations(value)(value)
}

/** Writes durations in the one unit that suits the longest of them, ms: what stands side by side is compared. */
export function durations(longest: number): (value: number) => string {
  const size = Math.abs(longest)
  if (size < mostMs) return inMs
  const [least, unit, name] = size < mostSeconds ? [leastInSeconds, 1000, 's'] : [leastInMinutes, 60_000, 'min']
  return (value) => (Math.abs(value) < least ? ms(value) : `${(value / unit).toFixed(1)} ${name}`)
}

function inMs(value: number): string {
  const size = Math.abs(value)
  if (size >= 9.95 || size === 0) return `${whole(value)} ms`
  return `${value.toFixed(size >= 0.1 ? 1 : 3)} ms`
}

/** A time on an axis that ends at `end` and whose ticks are `step` apart, ms. */
export function tick(value: number, step: number, end: number): string {
  const [unit, name] = Math.abs(end) < mostMs ? [1, 'ms'] : Math.abs(end) < mostSeconds ? [1000, 's'] : [60_000, 'min']
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step / unit) + 1e-9)))
  return `${(value / unit).toFixed(digits)} ${name}`
}

/** A time since the epoch, ms, as UTC with microseconds. */
export function instant(value: number): string {
  const us = Math.round(value * 1000)
  const digits = String(((us % 1000) + 1000) % 1000).padStart(3, '0')
  return new Date(Math.floor(us / 1000)).toISOString().replace('T', ' ').replace('Z', `${digits} UTC`)
}

export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '< 0.1 %'
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${whole(number)} ${number === 1 ? noun : plural}`
}

/** With a thin blank between thousands, from five figures on. */
export function whole(number: number): string {
  const digits = String(Math.round(number))
  return Math.abs(number) < 10_000 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

export function bytes(number: number): string {
  if (number >= 1024 * 1024) return `${(number / 1024 / 1024).toFixed(1)} MB`
  return number >= 1024 ? `${(number / 1024).toFixed(1)} KB` : `${number} B`
}

/** The first few, and how many more there are. */
export function few(items: readonly string[], most = 3): string {
  if (items.length <= most) return items.join(', ')
  return `${items.slice(0, most).join(', ')} and ${items.length - most} more`
}

/** US dollars: with as many digits as a single call's cost needs. */
export const dollars = (usd: number): string => `$${usd.toFixed(usd < 1 ? 5 : 2)}`
