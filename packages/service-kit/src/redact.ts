/** A text for the log, without the credentials of the URLs in it. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^\s/@]*@/g, '//')
}
