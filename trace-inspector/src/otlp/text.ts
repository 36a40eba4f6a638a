/** What is kept of a name: of spans, events, attributes, services, scopes, and of ids that are none; characters. */
export const mostOfName = 1000
/** What is kept of a value, characters. */
export const mostOfValue = 1024 * 1024

/** Words up to this length are kept once a request, characters. */
export const mostOfWord = 64

/** A text, or the beginning of one that is too long, which says how long it was. */
export function capped(text: string, most: number): string {
  if (text.length <= most) return text
  // A copy: a slice would keep all of the text.
  const kept = Buffer.from(text.slice(0, most), 'utf16le').toString('utf16le')
  return `${kept}… (cut from ${text.length} characters)`
}

/** A text that may have parts of what was sent in it, on one line. */
export const onOneLine = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
