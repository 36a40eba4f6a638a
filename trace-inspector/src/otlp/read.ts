import type { Encoding, SealedType } from './encoding.ts'
import { list, Malformed, type Message } from './fields.ts'
import { SpanReader } from './span-reader.ts'
import type { ReceivedSpan } from './span.ts'

export interface Batch {
  spans: ReceivedSpan[]
  /** Spans that could not be read. */
  rejected: number
  /** What was wrong with the first of them; empty when there is none. */
  reason: string
}

/**
 * The spans of an ExportTraceServiceRequest, whichever way it was encoded, each judged on its own: one that cannot be read
 * costs no other, and a resource or a scope costs what came with it. Throws Malformed when it is no such request at all.
 */
export function readRequest(request: Message, encoding: Encoding): Batch {
  const batch: Batch = { spans: [], rejected: 0, reason: '' }
  const reader = new SpanReader(encoding)

  /** What was read, or what is wrong with it. */
  function attempt<Read>(path: string, read: () => Read): Read | Malformed {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      batch.reason ||= error.within(path).message
      return error
    }
  }
  function each(
    message: Message,
    field: string,
    type: SealedType,
    around: string,
    read: (item: Message, path: string) => void,
  ) {
    const items = list(message, field)
    for (let index = 0; index < items.length; index++) {
      const path = `${around}${field}[${index}]`
      // How many spans are in what cannot be read, nobody knows; that it was not silent counts.
      if (attempt(path, () => read(encoding.open(items[index], type), path)) instanceof Malformed) batch.rejected++
    }
  }

  each(request, 'resourceSpans', 'ResourceSpans', '', (resourceSpans, path) => {
    const resource = attempt(path, () => reader.resource(resourceSpans))
    each(resourceSpans, 'scopeSpans', 'ScopeSpans', `${path}.`, (scopeSpans, path) => {
      const scope = attempt(path, () => reader.scope(scopeSpans))
      each(scopeSpans, 'spans', 'Span', `${path}.`, (span) => {
        batch.spans.push(reader.span(span, sure(resource), sure(scope)))
      })
    })
  })
  return batch
}

function sure<Read>(read: Read | Malformed): Read {
  if (read instanceof Malformed) throw read
  return read
}
