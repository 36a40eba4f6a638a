import type { Sender } from 'contract/ledger'
import type { Run } from 'engine/run'
import type { Telemetry } from 'service-kit/telemetry'

/** What is known of the spans of this process beside what runs know. */
export interface SpanSource {
  serviceName: string
  /** The name of their instrumentation scope. */
  scopeName: string
  telemetry: Pick<Telemetry, 'resource' | 'destinations'>
}

/** Says where the spans of runs go, and how many of them still wait to be sent. */
export class SpansOut {
  readonly #source: SpanSource
  /** Where the next span stood at each destination when a run was over: its own are all before that. */
  readonly #ends = new WeakMap<Run, number[]>()

  constructor(source: SpanSource) {
    this.#source = source
  }

  /** The run is over, and all of its spans have ended. */
  closed(run: Run): void {
    this.#ends.set(
      run,
      this.#destinations.map(({ end }) => end),
    )
  }

  of(runs: readonly Run[]): Sender {
    const { serviceName, scopeName, telemetry } = this.#source
    const destinations = this.#destinations.map(({ endpoint, end, keptBefore }, place) => {
      const last = Math.max(...runs.map((run) => this.#ends.get(run)?.[place] ?? end))
      return { endpoint, queued: keptBefore(last) }
    })
    const resource = (telemetry.resource() ?? null) as Sender['resource']
    return { service: serviceName, scope: { name: scopeName, version: '' }, resource, destinations }
  }

  get #destinations() {
    return this.#source.telemetry.destinations()
  }
}
