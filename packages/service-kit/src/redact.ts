/** What a path of an OTLP endpoint is made of. Any other part of one may be a token. */
const plain = /^(v\d|api|public|otlp|otel|opentelemetry|ingest|intake|collector|gateway|traces?|spans?)?$/i

/** A text for the log, without what may be secret in the URLs in it: credentials, queries, and parts of paths that may be tokens. */
export function withoutCredentials(text: string): string {
  return text.replace(/\b[a-z][a-z\d+.-]*:\/\/\S*[^\s.,:;)\]}'"]/gi, redactUrl)
}

/** The same of a text that was to be a URL, and may be one but for its beginning. */
export function urlWithoutCredentials(text: string): string {
  // A blank, or a comma between two of them, begins nothing that could be shown.
  const whole = text.trim().replaceAll(/\s/g, '%20')
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(whole)) return withoutCredentials(whole)
  const scheme = 'http://'
  return withoutCredentials(scheme + whole.replace(/^\/+/, '')).slice(scheme.length)
}

function redactUrl(url: string): string {
  // Where it ends is anybody's guess in what is no URL: an @ is taken for the end of credentials wherever it stands.
  const [, scheme, authority, path, rest] = URL.canParse(url)
    ? (/^(\w[^:]*:\/\/)([^/?#]*)([^?#]*)(.*)$/s.exec(url) ?? [])
    : (/^(\w[^:]*:\/\/)(?:.*@)?([^/?#@]*)([^?#]*)(.*)$/s.exec(url) ?? [])
  const host = authority?.slice(authority.lastIndexOf('@') + 1)
  const parts = path?.split('/').map((part) => (plain.test(part) ? part : '…'))
  return `${scheme}${host}${parts?.join('/')}${rest && '?…'}`
}

/** What may be secret in a URL, as it stands there and as it reads. */
export function secretsOf(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { username, password, pathname, searchParams } = new URL(url)
  const raw = [username, password, ...pathname.split('/').filter((part) => !plain.test(part))]
  return [...raw, ...raw.map(decoded), ...searchParams.values()]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What may be secret in headers: their values, and what comes after the first word, which of a credential is its scheme. */
export function secretsOfHeaders(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.values(headers)
    .map(String)
    .flatMap((value) => [value, value.replace(/^\S+\s+/, '')])
}

/** What is shorter is no token. */
const shortest = 6

/**
 * Takes `secrets` out of a text: a server may quote the token that it was sent. Of one that the text was cut off in, which
 * ends in `…` there, the beginning goes too.
 */
export function conceal(secrets: string[], text: string): string {
  return secrets
    .filter(({ length }) => length >= shortest)
    .reduce((rest, secret) => withoutBeginning(secret, rest.replaceAll(secret, '…')), text)
}

function withoutBeginning(secret: string, text: string): string {
  const parts = text.split('…')
  const last = parts.pop() as string
  const concealed = parts.map((part) => {
    for (let length = Math.min(secret.length, part.length); length >= shortest; length--)
      if (part.endsWith(secret.slice(0, length))) return part.slice(0, -length)
    return part
  })
  return [...concealed, last].join('…')
}
