import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import type { Fault } from 'contract/scalars'

/** An answer that is an error, as RFC 9457 (`application/problem+json`) writes it. Its text is meant for the caller. */
export class Problem extends Error {
  override name = 'Problem'
  readonly status: number
  readonly title: string
  /** More members of the body, such as `errors` or `trace_id`. */
  readonly members: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    status: number,
    title: string,
    detail: string,
    options: { members?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.status = status
    this.title = title
    this.members = options.members ?? {}
    this.headers = options.headers ?? {}
  }

  body(): Record<string, unknown> {
    return { type: 'about:blank', title: this.title, status: this.status, detail: this.message, ...this.members }
  }
}

/** More faults than this at once help nobody, and a short query must not make a long answer. */
const mostFaults = 50

/** 400: everything that is wrong with a query, at once. */
export function badQuery(faults: Fault[], members: Record<string, unknown> = {}): Problem {
  return faulty(400, 'Bad query', faults, members)
}

/** 409: each value is well, together they are not. */
export function clashingQuery(faults: Fault[], members: Record<string, unknown> = {}): Problem {
  return faulty(409, 'Clashing parameters', faults, members)
}

/** Everything that is wrong with what was asked for, at once. */
export function faulty(status: number, title: string, faults: Fault[], members: Record<string, unknown>): Problem {
  const errors = faults.slice(0, mostFaults)
  const given = ({ parameter, value }: Fault) => (value === undefined ? parameter : `${parameter}=${value}`)
  const lines = errors.map((fault) => `${given(fault)}: expected ${fault.expected}`)
  if (faults.length > mostFaults) lines.push(`and ${faults.length - mostFaults} more`)
  return new Problem(status, title, lines.join('; '), { members: { errors, ...members } })
}

export function sendProblem(res: Response, problem: Problem): void {
  res.status(problem.status).set(problem.headers).type('application/problem+json').send(JSON.stringify(problem.body()))
}

export const notFound: RequestHandler = (req) => {
  throw new Problem(404, 'Not found', `There is nothing at ${req.path.slice(0, 200)}`)
}

/** The one error handler: problems as they are, broken URLs as 400, anything else as a 500 that tells nothing of the inside. */
export const problemHandler: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) return next(error)
  if (error instanceof Problem) return sendProblem(res, error)
  if (error instanceof URIError)
    return sendProblem(res, new Problem(400, 'Bad URL', 'The path is not valid percent-encoding'))
  console.error(`${req.method} ${req.path} failed:`, error)
  sendProblem(res, new Problem(500, 'Internal error', 'This should not have happened; the log says more'))
}
