import { propagation } from '@opentelemetry/api'
import { type Handoff, handoffSchema, type HandoffAnswer, metaOfRun } from 'contract/handoff'
import express, { type RequestHandler, type Response } from 'express'
import { refuseBodyAs } from 'service-kit/answer-body'
import { Problem, sendProblem } from 'service-kit/problem'
import type { Run } from 'engine/run'
import type { Asked } from './asked.ts'
import type { RunOutput } from './output.ts'

const title = 'Bad hand-over'
/** Reads the body of a hand-over, whatever type it says it has. */
export const handoffBody: RequestHandler = express.text({ limit: '1mb', type: () => true })
export const refuseHandoff = refuseBodyAs(title)

/** What is played of whoever hands over without saying of what. */
const usual = { scenario: 'handoff', params: {}, blind: false, part: { name: 'planner/handoff/0' } }

/**
 * Takes the trace's context from where MCP has it, `params._meta`: it goes before what the HTTP request says, which is of the
 * way alone. What is no hand-over is refused later, by whoever reads it.
 */
export const contextFromMeta: RequestHandler = (req, _res, next) => {
  const parsed = handoffSchema.safeParse(parse(req.body))
  const meta: Readonly<Record<string, unknown>> = parsed.data?.params._meta ?? {}
  for (const name of propagation.fields()) {
    const value = meta[name]
    if (typeof value === 'string') req.headers[name] = value
  }
  next()
}

/** What a body asks to be played. Throws a 400 problem that says what is wrong with it. */
export function readHandoff(body: unknown): { id: Handoff['id']; scenario: string; asked: Asked } {
  const parsed = handoffSchema.safeParse(parse(body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = issue?.path.map(String).join('.') || 'the body'
    const detail = `${where}: ${issue?.message}. It is to be JSON-RPC as MCP has it: { "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "transfer_to_agent" } }`
    throw new Problem(400, title, detail)
  }
  const { id, params } = parsed.data
  const { scenario, params: given, blind, part } = params._meta[metaOfRun] ?? usual
  const query = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))
  return { id, scenario, asked: { query, isBlind: blind, part } }
}

/** The answer to a hand-over: what became of the part. */
export function answerHandoff(res: Response, id: Handoff['id']): RunOutput {
  let run: Run
  return {
    start: (started) => void (run = started),
    end({ ok }) {
      const text = ok ? 'Done' : 'It could not be done'
      const result = { content: [{ type: 'text' as const, text }], isError: !ok, _meta: { [metaOfRun]: run.handed } }
      res.json({ jsonrpc: '2.0', id, result } satisfies HandoffAnswer)
    },
    fail: (problem) => sendProblem(res, problem),
  }
}

function parse(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    return undefined
  }
}
