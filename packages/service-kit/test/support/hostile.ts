import { connect } from 'node:net'
import { fc } from '../../../../test/support/properties.ts'
import { expect } from 'vitest'

export interface RawAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Sends `request` as it is, and resolves with what came back before the server closed; the first answer of several. */
export function sendRaw(url: string, request: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(request, 'latin1')))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const text = Buffer.concat(chunks)
        .toString('latin1')
        .replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
      const [head = '', ...rest] = text.split('\r\n\r\n')
      const [statusLine = '', ...lines] = head.split('\r\n')
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      )
      resolve({ status: Number(statusLine.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') })
    })
  })
}

/** A request line and headers that end the connection after the answer. */
export function rawRequest(method: string, target: string, headers: [string, string][] = []): string {
  const lines = [['Host', 'localhost'], ...headers, ['Connection', 'close']].map(([name, value]) => `${name}: ${value}`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

/** Any bytes but those that end a line. */
const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n]/g, ''),
)
const nastyText = fc.constantFrom(
  '',
  ' ',
  '%',
  '%zz',
  '%00',
  '%ff%fe',
  '../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '__proto__',
  'constructor',
  '<script>alert(1)</script>',
  '${7*7}',
  "' OR 1=1 --",
  'x'.repeat(3000),
  'é😀',
)
const nastyNumber = fc.constantFrom(
  '-1',
  '-0',
  '1e9',
  '0x10',
  '1.5.',
  '.5',
  '5.',
  '+1',
  'NaN',
  'Infinity',
  '9'.repeat(50),
  '1,5',
  '٣',
)
/** Values that are right keep what they start short. */
const rightValue = fc.constantFrom('0', '1', '2', '0.5', 'true', 'false', 'none', 'flat')
const value = fc.oneof(rightValue, nastyNumber, nastyText, noise.map(encodeURIComponent), noise)

export interface Api {
  paths: string[]
  parameters: string[]
}

/** Requests of every kind for an API: right ones, wrong ones, and ones that are no HTTP. */
export function hostileRequest({ paths, parameters }: Api): fc.Arbitrary<string> {
  const path = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...paths) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...paths), fc.oneof(nastyText, noise)).map((parts) => parts.join('/')),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(fc.constantFrom('*', '//', '/..', '?', 'http://other.example/run', '/%c0%ae'), noise),
    },
  )
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...parameters) },
    { weight: 1, arbitrary: fc.oneof(nastyText, noise) },
  )
  const query = fc
    .array(fc.tuple(name, value), { maxLength: 6 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'))
  const behavior = fc.oneof(query, noise)
  const header = fc.oneof(
    fc.tuple(fc.constant('x-tool-behavior'), behavior),
    fc.tuple(
      fc.constantFrom('traceparent', 'tracestate', 'baggage'),
      fc.oneof(noise, nastyText, fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')),
    ),
    fc.tuple(
      fc.constantFrom('Accept', 'Expect', 'Upgrade', 'Cookie', 'Range', 'If-None-Match', 'Content-Type'),
      fc.oneof(noise, nastyText, fc.constantFrom('100-continue', 'text/event-stream', 'websocket')),
    ),
    fc.tuple(noise, noise),
    fc.tuple(fc.constant('x-long'), fc.constant('y'.repeat(20_000))),
  )
  const method = fc.oneof(
    { weight: 6, arbitrary: fc.constant('GET') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'HEAD',
        'POST',
        'PUT',
        'DELETE',
        'OPTIONS',
        'PATCH',
        'TRACE',
        'CONNECT',
        'QUERY',
        'get',
        'FOO',
      ),
    },
    { weight: 1, arbitrary: noise },
  )
  return fc
    .tuple(method, path, query, fc.array(header, { maxLength: 4 }))
    .map(([verb, where, what, headers]) => rawRequest(verb, what ? `${where}?${what}` : where, headers))
}

const insides = /node_modules|\bat \S+ \(|\bat file:|\.ts:\d|\/src\/|node:internal/

/** What holds for every answer, however bad the request was. */
export function expectDecent(answer: RawAnswer, isHead: boolean, documented: number[]): void {
  const { status, headers, body } = answer
  expect(documented).toContain(status)
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers).not.toHaveProperty('x-powered-by')
  expect(body).not.toMatch(insides)
  if (status < 400) return
  expect(headers['content-type']).toMatch(/^application\/problem\+json/)
  if (!isHead) expect(JSON.parse(bodyText(answer))).toMatchObject({ type: 'about:blank', status })
}

/** A body without the framing of chunks. */
function bodyText({ headers, body }: RawAnswer): string {
  return headers['transfer-encoding'] === 'chunked' ? body.replace(/(^|\r\n)[0-9a-f]+\r\n/g, '') : body
}
