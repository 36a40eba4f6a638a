/** What a `Retry-After` header asks for, seconds or a date (RFC 9110, 10.2.3), as ms from now; undefined when it is neither. */
export function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000
  const fromNow = Date.parse(value) - Date.now()
  return Number.isNaN(fromNow) ? undefined : Math.max(0, fromNow)
}
