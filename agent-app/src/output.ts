import type { Request, Response } from 'express'
import { drained } from 'service-kit/app'
import { type Problem, sendProblem } from 'service-kit/problem'
import type { KeyAnswer } from 'contract/key'
import type { RunEvent } from 'engine/ports'
import type { Run, RunResult } from 'engine/run'
import type { SpanCounters } from 'service-kit/telemetry/processor'

/** The answer of `/run`. */
export interface RunAnswer extends RunResult {
  /** The right answer: what was planted, and what it cost. */
  key: KeyAnswer
  telemetry: SpanCounters & { sampled: boolean; dropped_during_run: number }
}

/** The answer of `/run` for a blind run: nothing that its spans do not say. */
export interface BlindAnswer extends Pick<RunResult, 'trace_id' | 'ok'> {
  /** The key is made when all has been said: how long that takes tells of its faults. The 423 of its ledger has the hash. */
  key_sha256: 'pending'
}

/** How a run is told to whoever asked for it. */
export interface RunOutput {
  /** Whether the run goes on when its request has been answered. */
  outlivesRequest?: true
  /** Sends the headers, so that the reader knows of the run before its first token. */
  start(run: Run): void
  /** Absent where nobody reads along. Resolves when the reader has room for more, undefined when there is; rejects with the signal's reason. */
  write?(event: RunEvent, signal: AbortSignal): Promise<void> | undefined
  end(answer: RunAnswer | BlindAnswer): void
  /** Says what went wrong, by its status where that has not been sent yet. */
  fail(problem: Problem): void
}

/** One answer, when all is over. */
export function answerOnce(res: Response): RunOutput {
  return {
    start: () => {},
    end: (answer) => void res.json(answer),
    fail: (problem) => sendProblem(res, problem),
  }
}

/** Lines (`token 0`, `token 1`, …) and nothing else unless it fails; or server-sent events, for clients that accept them. */
export function openStream(req: Request, res: Response): RunOutput {
  const asEvents = req.accepts(['text/plain', 'text/event-stream']) === 'text/event-stream'
  const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
  const format = asEvents
    ? {
        type: 'text/event-stream',
        event: ({ type, ...data }: RunEvent) => event(type, data),
        result: (result: RunAnswer | BlindAnswer) => event('result', result),
        error: (problem: Problem) => event('error', problem.body()),
      }
    : {
        type: 'text/plain',
        event: (it: RunEvent) => (it.type === 'token' ? `token ${it.index}\n` : ''),
        result: () => '',
        error: (problem: Problem) => `error ${problem.message}\n`,
      }
  return {
    start() {
      res.type(format.type)
      res.flushHeaders()
    },
    write(it, signal) {
      const text = format.event(it)
      return text === '' || res.write(text) ? undefined : drained(res, signal)
    },
    end: (answer) => res.end(format.result(answer)),
    fail: (problem) => res.end(format.error(problem)),
  }
}
