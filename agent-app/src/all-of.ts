import { RunCancelled } from './errors.ts'

/** Resolves when all tasks have ended. The first that fails cancels the rest; its error is thrown once they have ended too. */
export async function allOf(
  tasks: readonly Promise<void>[],
  run: { readonly signal: AbortSignal; readonly cancel: (reason: Error) => void },
): Promise<void> {
  const guarded = tasks.map(async (task) => {
    try {
      await task
    } catch (error) {
      run.cancel(new RunCancelled('failure_elsewhere', 'Another step of the run failed', { cause: error }))
      throw error
    }
  })
  const failed = (await Promise.allSettled(guarded)).find((outcome) => outcome.status === 'rejected')
  if (!failed) return
  const reason: unknown = run.signal.reason
  throw reason instanceof RunCancelled && reason.cause ? reason.cause : failed.reason
}
