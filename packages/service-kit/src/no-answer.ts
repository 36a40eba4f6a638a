/**
 * Why a request got no answer, for people: the word that Node.js or undici has for it, `ECONNREFUSED`, or else its message. A
 * time-out is a DOMException, whose `code` is a number that says nothing.
 */
export function whyNoAnswer(error: unknown): string {
  const { code, message } = error as { code?: unknown; message: string }
  return typeof code === 'string' ? code : message
}
