import { instanceIdAttribute } from 'dialects/gen-ai/names'
import type { ReceivedSpan } from './otlp/span.ts'
import { capped, mostOfName } from './otlp/text.ts'

const mostProcesses = 1000

/** A process as its spans name it; `''` where they do not. */
const instanceIn = (resource: Readonly<Record<string, unknown>>): string => {
  const instance = resource[instanceIdAttribute]
  return typeof instance === 'string' ? capped(instance, mostOfName) : ''
}

/** Which processes spans have ever come from: the first of them, for anybody may send names. */
export class SeenProcesses {
  /** By service, their `service.instance.id`. */
  readonly #instances = new Map<string, Set<string>>()
  #size = 0
  /** Spans of one request share it. */
  #lastResource: ReceivedSpan['resource'] | undefined

  add({ service, resource }: ReceivedSpan): void {
    if (resource === this.#lastResource || this.#size >= mostProcesses) return
    this.#lastResource = resource
    const instances = this.#instances.get(service) ?? new Set()
    this.#instances.set(service, instances)
    const { size } = instances
    this.#size += instances.add(instanceIn(resource)).size - size
  }

  /**
   * Whether spans of a process may have come, as its resource names it: one that is null, or spans that came without a name,
   * may be any of the service.
   */
  has(service: string, resource: Readonly<Record<string, unknown>> | null): boolean {
    if (this.#size >= mostProcesses) return true
    const instances = this.#instances.get(service)
    if (!instances) return false
    const instance = instanceIn(resource ?? {})
    return instance === '' || instances.has('') || instances.has(instance)
  }
}
