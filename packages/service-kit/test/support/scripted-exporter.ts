import type { Tracer } from '@opentelemetry/api'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import type { BatchExporter, ExportOutcome } from '../../src/telemetry/outcome.ts'
import { type ProcessorOptions, RetainingSpanProcessor } from '../../src/telemetry/processor.ts'

export interface PendingExport {
  spans: ReadableSpan[]
  end(outcome: ExportOutcome): Promise<void>
  fail(error: Error): Promise<void>
}

export const taken: ExportOutcome = { kind: 'taken', rejected: 0 }
export const later: ExportOutcome = { kind: 'retry', reason: 'not now' }
export const again: ExportOutcome = { kind: 'again', protocol: 'http/protobuf', reason: '415' }
export const unconfirmed: ExportOutcome = { kind: 'unconfirmed', reason: 'text/html' }
export const refusal: ExportOutcome = { kind: 'refused', code: '400', reason: 'no' }

/** Lets everything run that waits for a promise that is settled. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

/** An exporter whose exports end when and how a test says. */
export class ScriptedExporter implements BatchExporter {
  readonly pending: PendingExport[] = []
  mostAtOnce = 0

  export(spans: ReadableSpan[]): Promise<ExportOutcome> {
    return new Promise((resolve, reject) => {
      const leave = () => void this.pending.splice(this.pending.indexOf(entry), 1)
      const entry: PendingExport = {
        spans,
        async end(outcome) {
          leave()
          resolve(outcome)
          await settle()
        },
        async fail(error) {
          leave()
          reject(error)
          await settle()
        },
      }
      this.pending.push(entry)
      this.mostAtOnce = Math.max(this.mostAtOnce, this.pending.length)
    })
  }

  /** The export under way that began first. */
  get first(): PendingExport {
    const [first] = this.pending
    if (!first) throw new Error('nothing is under way')
    return first
  }

  async shutdown(): Promise<void> {}
}

export const smallLimits: ProcessorOptions = {
  maxQueueSpans: 100,
  maxQueueBytes: 1e9,
  maxBatchSpans: 10,
  maxBatchBytes: 1e9,
  delayMs: 100,
  parallelExports: 2,
  exportTimeoutMs: 30_000,
  backoffMs: 500,
  maxBackoffMs: 5000,
  maxAskedMs: 300_000,
}

export interface Bench {
  exporter: ScriptedExporter
  processor: RetainingSpanProcessor
  tracer: Tracer
  /** Ends `count` spans, each with an attribute of `bytes` characters, and lets exports begin. */
  endSpans: (count: number, bytes?: number) => Promise<void>
}

/** A processor with real spans before it and a scripted exporter behind it. */
export function benchOf(options: Partial<ProcessorOptions> = {}): Bench {
  const exporter = new ScriptedExporter()
  const processor = new RetainingSpanProcessor(exporter, { ...smallLimits, ...options })
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test')
  let ended = 0
  return {
    exporter,
    processor,
    tracer,
    async endSpans(count, bytes = 0) {
      for (let index = 0; index < count; index++) {
        tracer.startSpan(`span ${ended++}`, { attributes: { text: 'x'.repeat(bytes) } }).end()
      }
      await settle()
    },
  }
}

/** Lets `ms` pass, in simulated time. */
export async function pass(vi: { advanceTimersByTimeAsync(ms: number): Promise<unknown> }, ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}
