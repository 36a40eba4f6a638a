/** A duration in milliseconds, with three figures and its unit. */
export function ms(value: number): string {
  const size = Math.abs(value)
  if (size >= 60_000) return `${(value / 60_000).toFixed(size >= 600_000 ? 0 : 1)} min`
  if (size >= 10_000) return `${(value / 1000).toFixed(1)} s`
  if (size >= 1000) return `${(value / 1000).toFixed(2)} s`
  if (size >= 9.95 || size === 0) return `${Math.round(value)} ms`
  if (size >= 0.1) return `${value.toFixed(1)} ms`
  return `${Math.round(value * 1000)} µs`
}

/** A time on an axis whose ticks are `step` ms apart. */
export function tick(value: number, step: number): string {
  const isSeconds = step >= 100
  const unit = isSeconds ? 1000 : 1
  const digits = Math.max(0, Math.min(3, -Math.floor(Math.log10(step / unit) + 1e-9)))
  return `${(value / unit).toFixed(digits)} ${isSeconds ? 's' : 'ms'}`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${whole(number)} ${number === 1 ? noun : plural}`
}

/** With a thin blank between thousands. */
export function whole(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, '\u202f')
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
