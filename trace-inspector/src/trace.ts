import { isDeepStrictEqual } from 'node:util'
import { ati, genAi } from 'dialects/gen-ai/names'
import type { ReceivedSpan } from './otlp/span.ts'
import { capped, mostOfName } from './otlp/text.ts'
import { extentOf } from './times.ts'

/** What a trace takes in memory beside its spans, roughly, bytes. */
export const emptyTraceBytes = 2000

/** A trace is of one conversation, or of few. */
const mostConversations = 8

/** A file whose spans are put among those that were received: what is new here, and what was here before. */
export class Opening {
  /** Traces that it has opened. */
  traces = 0
  /** Of them, those that are still here. */
  kept = 0
  /** The id of the last of them. */
  newestId: string | null = null
  /** Spans that were here before. */
  known = 0

  readonly #ids = new Set<string>()

  /** A trace is begun, or again one that had to go meanwhile. */
  opens({ id }: Trace): void {
    this.kept++
    this.newestId = id
    this.#ids.add(id)
    this.traces = this.#ids.size
  }
}

/** What came of one trace, in whatever order it came. */
export class Trace {
  readonly id: string
  /** By span id; of a span that came more than once, the first. */
  readonly spans = new Map<string, ReceivedSpan>()
  /** Spans that came more than once: how often, and whether they were all alike. */
  readonly repeats = new Map<string, { times: number; alike: boolean }>()
  readonly services = new Set<string>()
  /** Of `gen_ai.conversation.id`: the first few, for spans may come from anywhere. */
  readonly conversations = new Set<string>()
  /** The first span without a parent, or the first of all while there is none: by start, then by id. */
  root: ReceivedSpan | undefined
  /** As the first span that has one says. */
  scenario: string | null = null
  /** The first and the last time that are known, ms since the epoch; null while none is. */
  startMs: number | null = null
  endMs: number | null = null
  errors = 0
  /** Spans that came again. */
  duplicates = 0
  /** Spans that found no room. */
  rejected = 0
  /** An estimate. */
  bytes = emptyTraceBytes

  /** The file that it was opened from; undefined when it was received. */
  readonly opening: Opening | undefined

  constructor(id: string, opening?: Opening) {
    this.id = id
    this.opening = opening
  }

  /** Takes a span that takes `bytes`; whether it is a new one, and not one that has come before. */
  add(span: ReceivedSpan, bytes = 0): boolean {
    const known = this.spans.get(span.spanId)
    if (known) {
      this.#repeat(known, span)
      return false
    }
    this.spans.set(span.spanId, span)
    this.services.add(span.service)
    this.bytes += bytes
    if (!this.root || isBefore(span, this.root)) this.root = span
    const scenario = span.attributes[ati.scenario]
    if (typeof scenario === 'string') this.scenario ??= capped(scenario, mostOfName)
    const conversation = span.attributes[genAi.conversationId]
    if (typeof conversation === 'string' && this.conversations.size < mostConversations)
      this.conversations.add(capped(conversation, mostOfName))
    this.#stretch(span)
    if (span.status === 'error') this.errors++
    return true
  }

  #stretch(span: ReceivedSpan): void {
    const known = span.startMs ?? span.endMs
    if (known === null) return
    const { startMs, endMs } = extentOf(span, known)
    this.startMs = Math.min(this.startMs ?? startMs, startMs)
    this.endMs = Math.max(this.endMs ?? endMs, endMs)
  }

  #repeat(known: ReceivedSpan, span: ReceivedSpan): void {
    this.duplicates++
    const repeat = this.repeats.get(span.spanId) ?? { times: 1, alike: true }
    repeat.times++
    repeat.alike &&= isDeepStrictEqual(known, span)
    this.repeats.set(span.spanId, repeat)
  }
}

function isBefore(a: ReceivedSpan, b: ReceivedSpan): boolean {
  const isRoot = (span: ReceivedSpan) => span.parentSpanId === null
  const startOf = (span: ReceivedSpan) => span.startMs ?? Infinity
  if (isRoot(a) !== isRoot(b)) return isRoot(a)
  return startOf(a) === startOf(b) ? a.spanId < b.spanId : startOf(a) < startOf(b)
}
