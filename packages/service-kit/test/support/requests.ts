import { once } from 'node:events'
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Record<string, unknown>
}

/** Asks until the answer is what `isWanted` says, over a connection of its own each time. */
export async function answerOf(
  base: string,
  path: string,
  isWanted: (answer: Answer) => boolean = () => true,
): Promise<Answer> {
  for (;;) {
    const [response] = (await once(get(`${base}${path}`, { agent: false }), 'response')) as [IncomingMessage]
    const text = (await response.toArray()).join('')
    const body = JSON.parse(text) as Record<string, unknown>
    const answer = { status: response.statusCode ?? 0, headers: response.headers, body }
    if (isWanted(answer)) return answer
  }
}

/** Resolves once a service has `count` things in flight. */
export async function inFlight(base: string, count: number): Promise<void> {
  await answerOf(base, '/health', ({ body }) => body.in_flight === count)
}
