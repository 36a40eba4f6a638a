/** One Ctrl-C reaches a process more than once: from the terminal, and from npm, which hands it on. */
const sameSignalMs = 500

/**
 * Calls `first` when the process is asked to stop (SIGTERM, SIGINT), and `again` when it is asked once more well after that.
 * Returns what a signal calls, for other reasons to stop.
 */
export function onStopSignal(first: () => void, again: () => void): () => void {
  let askedAt: number | undefined
  const stop = () => {
    const now = performance.now()
    if (askedAt === undefined) {
      askedAt = now
      first()
    } else if (now - askedAt > sameSignalMs) {
      again()
    }
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return stop
}
