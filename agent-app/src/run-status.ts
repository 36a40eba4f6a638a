import type { Request, Response } from 'express'
import type { Run } from 'engine/run'
import type { Problem } from 'service-kit/problem'
import type { BlindAnswer, RunAnswer, RunOutput } from './output.ts'
import type { Resumptions } from './resumptions.ts'

/** What a run would have been answered with. */
type End = { status: number; answer: RunAnswer | BlindAnswer } | { status: number; problem: Record<string, unknown> }

/** Whether a client asks not to be kept waiting: https://www.rfc-editor.org/rfc/rfc7240#section-4.1 */
export function prefersAsync(req: Request): boolean {
  return /(^|,)\s*respond-async\s*(;|,|$)/i.test(req.get('prefer') ?? '')
}

/** What came of runs that were answered before they had ended; kept as long as their ledgers. */
export class RunStatus {
  readonly #ends = new WeakMap<Run, End>()
  readonly #resumptions: Resumptions

  constructor(resumptions: Resumptions) {
    this.#resumptions = resumptions
  }

  /** Answers 202 at once, with where to ask for the run. */
  output(res: Response): RunOutput {
    let run: Run
    return {
      outlivesRequest: true,
      start: (started) => {
        run = started
        const location = `/runs/${run.traceId}/status`
        res.status(202).set({ Location: location, 'Preference-Applied': 'respond-async' })
        res.json({ trace_id: run.traceId, state: 'running', status_at: location })
      },
      end: (answer) => void this.#ends.set(run, { status: 200, answer }),
      fail: (problem: Problem) => void this.#ends.set(run, { status: problem.status, problem: problem.body() }),
    }
  }

  /**
   * The runs of a trace: each under way, or with what `/run` would have answered where it was asked not to wait. That
   * one goes on later tells what it is an example of: it is said of those that are shown.
   */
  of(
    traceId: string,
    runs: readonly Run[],
    { isAnswered, isShown }: { isAnswered: boolean; isShown: (run: Run) => boolean },
  ) {
    return {
      trace_id: traceId,
      answered: isAnswered,
      state: runs.some(({ state }) => state === 'running') ? 'running' : 'closed',
      runs: runs.map((run) => ({
        state: run.state,
        ...(isShown(run) && this.#resumptions.of(run)),
        ...this.#ends.get(run),
      })),
    }
  }
}
