/** What a `Retry-After` header asks for, seconds or a date (RFC 9110, 10.2.3), as ms from now; undefined when it is neither. */
export function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER)
  // Any of its forms begins with the day of the week; Date.parse finds a date in much that is none.
  if (!/^[a-z]{3}/i.test(value)) return undefined
  const fromNow = Date.parse(value) - Date.now()
  return Number.isNaN(fromNow) ? undefined : Math.max(0, fromNow)
}
