import { getHeapStatistics } from 'node:v8'
import { Problem } from 'service-kit/problem'
import type { ParamValues } from 'engine/catalog'

/** What a run may need at most, as its parameters declare it. */
export interface Demand {
  /** Tool calls under way at the same time. */
  calls: number
  /** Memory until its end, bytes: a rough upper guess. */
  bytes: number
}

/** A step of the ledger, its span and what is being done for it, bytes. */
const bytesPerStep = 2000
/** A payload is there as it came, as text, as JSON and in chunks. */
const copiesOfPayload = 4

/** What a run with these parameters may need. */
export function demandOf(params: ParamValues): Demand {
  const number = (name: string) => (typeof params[name] === 'number' ? params[name] : undefined)
  const parallel = number('concurrency') ?? number('fanout') ?? 1
  const units = number('fanout') ?? number('depth') ?? number('max_steps') ?? number('background_fanout') ?? 0
  const attempts = 1 + (number('max_retries') ?? 0)
  const chunks = number('rag_chunks') ?? 0
  const payload = chunks * (number('rag_chunk_size_kb') ?? 0) * 1024
  // An agent and a tool call or two thoughts for each unit of work, a CLIENT and a SERVER span for each attempt.
  const steps = units * (2 + 2 * attempts) + chunks
  return { calls: parallel, bytes: steps * bytesPerStep + payload * copiesOfPayload }
}

/**
 * Admits runs while what they may need together stays within limits: tool calls, and half of the memory that there is. A run
 * that alone is over a limit is admitted when there is no other, so that every legal run can happen.
 */
export class Admission {
  readonly #limit: Demand
  readonly #admitted: Demand = { calls: 0, bytes: 0 }
  #runs = 0

  constructor(maxCalls: number, maxBytes = getHeapStatistics().heap_size_limit / 2) {
    this.#limit = { calls: maxCalls, bytes: maxBytes }
  }

  get runs(): number {
    return this.#runs
  }

  /** Takes a place, and returns how to give it back. Throws a 503 problem with `Retry-After` when there is none. */
  admit(demand: Demand): () => void {
    if (this.#runs > 0) this.#refuseBeyond(demand)
    this.#add(demand, 1)
    return () => this.#add(demand, -1)
  }

  #refuseBeyond({ calls, bytes }: Demand): void {
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

  #add({ calls, bytes }: Demand, sign: 1 | -1): void {
    this.#runs += sign
    this.#admitted.calls += sign * calls
    this.#admitted.bytes += sign * bytes
  }
}

const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20)

function tooMany(detail: string): Problem {
  return new Problem(503, 'Too many runs', detail, { headers: { 'Retry-After': '1' } })
}
