import type { PlayedRun } from '../play.ts'

/** Takes runs in the order of the plan; a promise asks to wait, since there is no room for more. */
export interface Sink {
  take(run: PlayedRun): Promise<void> | undefined
  /** All runs of this unit, and of those before, have been taken in. */
  unitEnded(unit: number): void
  /** Hands on what it still has. Rejects with a SimulateError when that cannot be. */
  end(): Promise<void>
}
