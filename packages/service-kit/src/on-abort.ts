const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `callback` when the signal is aborted; returns how to take it back. Both take constant time: a signal's own
 * listeners are a list that is walked through for every one, which thousands of calls under way at once make slow.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = callbacksOf.get(signal) ?? listenOnce(signal)
  callbacks.add(callback)
  return () => callbacks.delete(callback)
}

function listenOnce(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  callbacksOf.set(signal, callbacks)
  const callAll = () => {
    for (const callback of callbacks) callback()
    callbacks.clear()
  }
  signal.addEventListener('abort', callAll, { once: true })
  return callbacks
}
