import { gunzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { loadMix } from 'engine/mix/named'
import { decodeJson } from '../../../../trace-inspector/src/otlp/json.ts'
import type { ReceivedSpan } from '../../../../trace-inspector/src/otlp/span.ts'
import { type Outcome, simulate, type SimulationOptions, type Stop } from '../../src/simulation.ts'

export const startMs = Date.parse('2026-01-31T09:00:00Z')

/** Stops a simulation when a test says so. */
export function stops() {
  const [soon, now] = [new AbortController(), new AbortController()]
  return { soon, now, signals: { soon: soon.signal, now: now.signal } }
}

/** Some traces of the default mix, of which nothing is kept but their digest, unless the test says otherwise. */
export function play(options: Partial<SimulationOptions> = {}, stop: Stop = stops().signals): Promise<Outcome> {
  return simulate(
    {
      mix: loadMix('default'),
      seed: '7',
      startMs,
      fromUnit: 0,
      limits: { traces: 60 },
      workers: 1,
      digest: true,
      files: {},
      tell() {},
      ...options,
    },
    stop,
  )
}

/** A receiver that nobody is patient with for longer than the test says. */
export function receiverAt(url: string, patienceMs = 240_000): NonNullable<SimulationOptions['receiver']> {
  return {
    target: { protocol: 'http/protobuf', url: `${url}/v1/traces` },
    maxBatchSpans: 100,
    maxBatchBytes: 1e6,
    exportTimeoutMs: 30_000,
    patienceMs,
    firstPatienceMs: patienceMs,
  }
}

/** What trace-inspector reads in lines of OTLP's JSON. */
export function readLines(path: string): ReceivedSpan[] {
  const bytes = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const { spans, rejected, reason } = decodeJson(Buffer.from(line))
      if (rejected > 0) throw new Error(reason)
      return spans
    })
}

/** The same spans in an order that does not depend on how they came. */
export const inOrder = (spans: Iterable<ReceivedSpan>) =>
  [...spans].sort((a, b) => (a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1))
