import { type Answer, answerSchema } from 'contract/answer'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { Problem } from './problem.ts'

/** Reads the body of an answer, whatever type it says it has. */
export const answerBody: RequestHandler = express.text({ limit: '4mb', type: () => true })

/** The answer in a body. Throws a 400 problem when there is none. */
export function readAnswer(body: unknown): Answer {
  let given: unknown
  try {
    given = JSON.parse(String(body))
  } catch {
    given = undefined
  }
  const answer = answerSchema.safeParse(given)
  if (answer.success) return answer.data
  const expected = 'The body is to be JSON: { "span_ids": ["…"] }, with no ids when nothing is wrong'
  throw new Problem(400, 'Bad answer', expected)
}

/** A body that could not be read is the caller's fault, and so called. */
export function refuseBodyAs(title: string): ErrorRequestHandler {
  return (error: unknown, _req, _res, next) => {
    const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
    next(status < 500 ? new Problem(status, title, (error as Error).message) : error)
  }
}

export const refuseBody = refuseBodyAs('Bad answer')
