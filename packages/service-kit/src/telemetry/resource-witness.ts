import type { Attributes } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'

/** Sees what resource the SDK gives to spans, which nothing else tells. */
export class ResourceWitness implements SpanProcessor {
  #resource: ReadableSpan['resource'] | undefined

  /** undefined before the first span, and while some of it is still being looked up. */
  get attributes(): Attributes | undefined {
    return this.#resource?.asyncAttributesPending ? undefined : this.#resource?.attributes
  }

  onStart(span: ReadableSpan): void {
    this.#resource ??= span.resource
  }

  onEnd(): void {}

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}
