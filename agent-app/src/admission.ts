import { getHeapStatistics } from 'node:v8'
import { Problem } from 'service-kit/problem'
import type { Demand } from 'engine/demand'

/** What a run takes of this process. */
export interface Cost {
  /** Tool calls under way at the same time. */
  calls: number
  /** Memory until its end, bytes: a rough upper guess. */
  bytes: number
}

/** A step of the ledger, its span and what is being done for it, bytes. */
const bytesPerStep = 2000
/** A payload is there as it came, as text, as JSON and in chunks. */
const copiesOfPayload = 4

/** What a run takes at most, by what its scenario declares. */
export function costOf({ callsAtOnce, steps, payloadBytes = 0 }: Demand): Cost {
  return { calls: callsAtOnce, bytes: steps * bytesPerStep + payloadBytes * copiesOfPayload }
}

/**
 * Admits runs while what they may need together stays within limits: tool calls, and half of the memory that there is. A run
 * that alone is over a limit is admitted when there is no other, so that every legal run can happen.
 */
export class Admission {
  readonly #limit: Cost
  readonly #admitted: Cost = { calls: 0, bytes: 0 }
  #runs = 0

  constructor(maxCalls: number, maxBytes = getHeapStatistics().heap_size_limit / 2) {
    this.#limit = { calls: maxCalls, bytes: maxBytes }
  }

  get runs(): number {
    return this.#runs
  }

  /** Takes a place, and returns how to give it back. Throws a 503 problem with `Retry-After` when there is none. */
  admit(cost: Cost): () => void {
    if (this.#runs > 0) this.#refuseBeyond(cost)
    this.#add(cost, 1)
    return () => this.#add(cost, -1)
  }

  #refuseBeyond({ calls, bytes }: Cost): void {
    const admitted = this.#admitted
    const inFlight = `${this.#runs} runs are in flight with up to`
    if (admitted.calls + calls > this.#limit.calls) {
      throw tooMany(`${inFlight} ${admitted.calls} tool calls; ${calls} more would exceed ${this.#limit.calls}`)
    }
    if (admitted.bytes + bytes > this.#limit.bytes) {
      throw tooMany(
        `${inFlight} ${mib(admitted.bytes)} MiB; ${mib(bytes)} more would exceed ${mib(this.#limit.bytes)}, half of the heap`,
      )
    }
  }

  #add({ calls, bytes }: Cost, sign: 1 | -1): void {
    this.#runs += sign
    this.#admitted.calls += sign * calls
    this.#admitted.bytes += sign * bytes
  }
}

const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20)

function tooMany(detail: string): Problem {
  return new Problem(503, 'Too many runs', detail, { headers: { 'Retry-After': '1' } })
}
