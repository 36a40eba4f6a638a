import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../http.ts'

/** Between two questions whether somebody is ready, ms. */
const pauseMs = 300

/**
 * Resolves when none of `checks` throws any more, within `waitS` seconds for all of them; tells each new reason to wait.
 * Throws the last ServiceError then, or at once the one that will not pass.
 */
export async function untilReady(
  checks: readonly (() => Promise<unknown>)[],
  waitS: number,
  tell: (why: string) => void,
): Promise<void> {
  const deadline = performance.now() + waitS * 1000
  let told = ''
  for (const check of checks) {
    for (;;) {
      const error = await check().then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) break
      if (!(error instanceof ServiceError && error.mayPass) || performance.now() >= deadline) throw error
      if (error.message !== told) tell(error.message)
      told = error.message
      await sleep(pauseMs)
    }
  }
}
