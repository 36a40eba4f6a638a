import { toolService } from 'engine/virtual/tools'
import type { Attributes, SpanWriter } from './otlp/span.ts'
import { agent, peer, type PlayedRun } from './play.ts'

/** The services whose spans are written here, with what all of their spans have in common. */
export const senders = {
  [agent.serviceName]: { resource: { 'service.name': agent.serviceName }, scope: { name: 'agent-app' } },
  [peer.serviceName]: { resource: { 'service.name': peer.serviceName }, scope: { name: 'agent-app' } },
  [toolService]: { resource: { 'service.name': toolService }, scope: { name: 'tool-service' } },
} satisfies Record<string, { resource: Attributes; scope: { name: string } }>

/** The spans of all services, each by a writer of its own: requests in either encoding may stand one after the other. */
export class ServicesWriter {
  readonly #writers: ReadonlyMap<string, SpanWriter>
  readonly #all: readonly SpanWriter[]
  #count = 0
  #size = 0

  constructor(make: (resource: Attributes, scope: { name: string }) => SpanWriter) {
    this.#writers = new Map(
      Object.entries(senders).map(([service, { resource, scope }]) => [service, make(resource, scope)]),
    )
    this.#all = [...this.#writers.values()]
  }

  get count(): number {
    return this.#count
  }

  get size(): number {
    return this.#size
  }

  /** Adds all spans of a run; `added` is called after each. */
  addRun({ eachSpan }: PlayedRun, added?: () => void): void {
    eachSpan((service, span) => {
      // It has one of each service that plays.
      const writer = this.#writers.get(service) as SpanWriter
      const before = writer.size
      writer.add(span)
      this.#size += writer.size - before
      this.#count++
      added?.()
    })
  }

  /** A request of each service that has spans, good until the next is added: together, they are one of all. */
  take(): Uint8Array[] {
    this.#count = 0
    this.#size = 0
    return this.#all.filter(({ count }) => count > 0).map((writer) => writer.take())
  }
}
