import { toolService } from 'engine/virtual/tools'
import type { Attributes, SpanWriter } from './otlp/span.ts'
import { agent, type PlayedRun } from './play.ts'

/** The services whose spans are written here, with what all of their spans have in common. */
export const senders = {
  [agent.serviceName]: { resource: { 'service.name': agent.serviceName }, scope: { name: 'agent-app' } },
  [toolService]: { resource: { 'service.name': toolService }, scope: { name: 'tool-service' } },
} satisfies Record<string, { resource: Attributes; scope: { name: string } }>

/** The spans of all services, each by a writer of its own: requests in either encoding may stand one after the other. */
export class ServicesWriter {
  readonly #writers: ReadonlyMap<string, SpanWriter>

  constructor(make: (resource: Attributes, scope: { name: string }) => SpanWriter) {
    this.#writers = new Map(
      Object.entries(senders).map(([service, { resource, scope }]) => [service, make(resource, scope)]),
    )
  }

  get count(): number {
    return this.#writers.values().reduce((sum, { count }) => sum + count, 0)
  }

  get size(): number {
    return this.#writers.values().reduce((sum, { size }) => sum + size, 0)
  }

  /** Adds all spans of a run; `added` is called after each. */
  addRun({ eachSpan }: PlayedRun, added?: () => void): void {
    eachSpan((service, span) => {
      this.#writers.get(service)?.add(span)
      added?.()
    })
  }

  take(): Uint8Array {
    const parts = [...this.#writers.values()].filter(({ count }) => count > 0).map((writer) => writer.take())
    return Buffer.concat(parts)
  }
}
