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
  /** How many spans each destination had been given when a run was over: they are sent in order. */
  readonly #given = new WeakMap<Run, number[]>()

  constructor(source: SpanSource) {
    this.#source = source
  }

  /** The run is over, and all of its spans have ended. */
  closed(run: Run): void {
    this.#given.set(
      run,
      this.#destinations.map(({ counters }) => counters.created),
    )
  }

  of(runs: readonly Run[]): Sender {
    const { serviceName, scopeName, telemetry } = this.#source
    const destinations = this.#destinations.map(({ endpoint, counters: { created, queued } }, place) => {
      const given = Math.max(...runs.map((run) => this.#given.get(run)?.[place] ?? created))
      return { endpoint, queued: Math.max(0, given - (created - queued)) }
    })
    const resource = (telemetry.resource() ?? null) as Sender['resource']
    return { service: serviceName, scope: { name: scopeName, version: '' }, resource, destinations }
  }

  get #destinations() {
    return this.#source.telemetry.destinations()
  }
}
