import { whyNoAnswer } from 'service-kit/no-answer'
import { request } from 'undici'

/** A service did not give what it was asked for; the message is for the person at the command line. */
export class ServiceError extends Error {
  override name = 'ServiceError'
  /** Whether it may give it later: nobody answered yet, or it could not answer yet. */
  readonly mayPass: boolean

  constructor(message: string, { mayPass = false } = {}) {
    super(message)
    this.mayPass = mayPass
  }
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** GETs a URL, for as long as it takes or until it is called off. Throws a ServiceError when nobody answers. */
export async function get(
  service: string,
  url: string,
  signal?: AbortSignal,
  sent: Record<string, string> = {},
): Promise<Answer> {
  try {
    const { statusCode, headers, body } = await request(url, {
      headers: sent,
      headersTimeout: 0,
      bodyTimeout: 0,
      signal: signal ?? null,
    })
    return { status: statusCode, headers, body: await body.text() }
  } catch (error) {
    const { origin } = new URL(url)
    throw new ServiceError(`There is no ${service} at ${origin} (${whyNoAnswer(error)})`, { mayPass: true })
  }
}

/** GETs JSON. Throws a ServiceError when nobody answers, or with what was answered instead of a 200. */
export async function getJson(
  service: string,
  url: string,
  signal?: AbortSignal,
  sent?: Record<string, string>,
): Promise<unknown> {
  const answer = await get(service, url, signal, sent)
  const json = parse(answer.body)
  if (answer.status === 200 && json !== undefined) return json
  throw new ServiceError(`${service} answered ${explain(answer)}`, { mayPass: answer.status >= 500 })
}

/**
 * Asks a service whether it is ready, which it is not where it takes the question and says nothing for `mostMs`. Throws a
 * ServiceError where it is not.
 */
export const askReady = (service: string, url: string, mostMs = 10_000): Promise<unknown> =>
  getJson(service, url, AbortSignal.timeout(mostMs))

/** An answer that is not what was asked for, in short: its status, and what its problem says. */
export function explain({ status, body }: Answer): string {
  const detail = (parse(body) as { detail?: unknown } | null | undefined)?.detail
  return `${status}: ${typeof detail === 'string' ? detail : body.slice(0, 300)}`
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
