import { Slots } from 'contract/slots'
import type { ToolBehavior } from 'contract/tool'
import { Problem } from 'service-kit/problem'

/** How a call asks for a tool that can do only so much. */
type Limits = Pick<ToolBehavior, 'capacity' | 'queue' | 'pool' | 'retry_after_s'>

interface Waiting {
  begin: () => void
}

interface Pool {
  slots: Slots<Waiting>
  capacity: number
  queue: number
}

const noLimit = () => {}

/** How a refusal, or a failure, asks to be left alone for so long. */
export const patienceOf = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'Retry-After': String(seconds) }

/**
 * Tools of limited capacity. Calls share one by the tool's name and the name of a pool, so that nobody is kept waiting by calls
 * that are not of his run. A pool is as large as its first call says, for as long as there is any.
 */
export class Pools {
  readonly #pools = new Map<string, Pool>()
  readonly #service: string

  /** `service` is who says that it refuses. */
  constructor(service: string) {
    this.#service = service
  }

  /** Calls that wait for others to be done. */
  get waiting(): number {
    return [...this.#pools.values()].reduce((sum, { slots }) => sum + slots.waiting, 0)
  }

  /**
   * Resolves when the call may begin, with what is to be done at its end. Throws a 429 when the queue is full; rejects with
   * the signal's reason. A queue does not know when there is room again: the refusal says when to come only where the call says
   * what it is to say, and a finding tells it by that from one of a quota.
   */
  async enter(tool: string, limits: Limits, signal: AbortSignal): Promise<() => void> {
    const { capacity, queue, pool: name = '' } = limits
    if (capacity === undefined) return noLimit
    const key = `${name} ${tool}`
    const pool = this.#pools.get(key) ?? { slots: new Slots<Waiting>(capacity, queue), capacity, queue }
    const { promise, resolve } = Promise.withResolvers<void>()
    const call = { begin: resolve }
    const admission = pool.slots.arrive(call)
    if (admission === 'refused') throw overloaded(tool, pool, limits, this.#service)
    this.#pools.set(key, pool)
    if (admission === 'waits') await turnOf(call, promise, pool, signal)
    return () => {
      for (const next of pool.slots.done()) next.begin()
      if (pool.slots.busy === 0) this.#pools.delete(key)
    }
  }
}

async function turnOf(call: Waiting, turn: Promise<void>, { slots }: Pool, signal: AbortSignal): Promise<void> {
  const { promise: gone, reject } = Promise.withResolvers<never>()
  const leave = () => {
    slots.leave(call)
    reject(signal.reason as Error)
  }
  signal.addEventListener('abort', leave, { once: true })
  try {
    await Promise.race([turn, gone])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

function overloaded(tool: string, { capacity, queue }: Pool, { retry_after_s }: Limits, service: string): Problem {
  const members = { tool, delay_ms: 0, ok: false, service }
  const headers = patienceOf(retry_after_s)
  const detail = `Of ${tool} ${capacity} calls are done at a time, and ${queue} wait`
  return new Problem(429, 'Too many calls', detail, { members, headers })
}
