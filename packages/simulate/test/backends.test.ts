import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { programs, startCollector, startJaeger } from '../../../trace-inspector/test/support/backend.ts'
import { Digest } from '../src/digest.ts'
import { readCanonical } from '../src/read-spans.ts'
import { inOrder, play, readLines, receiverAt } from './support/simulations.ts'

// OTELCOL_BIN and JAEGER_BIN are the paths of a Collector and of Jaeger 1.x all-in-one.
describe.runIf(programs.collector)('through the real Collector', () => {
  test('a thousand traces arrive: their number, their digest, and every span as --out has it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'simulate-'))
    const [ours, theirs] = [join(folder, 'ours.jsonl'), join(folder, 'theirs.jsonl')]
    const collector = await startCollector(
      ['config.yaml'],
      [`exporters::file::path: ${theirs}`, 'service::pipelines::traces::exporters: [file]'],
    )
    const receiver = { ...receiverAt(collector.url), maxBatchSpans: 4096 }
    const outcome = await play({ receiver, files: { out: ours }, limits: { traces: 1000 }, workers: 2 })
    await collector.stop()
    expect(outcome).toMatchObject({ traces: 1000, isAllTaken: true, exported: outcome.spans })
    const digest = new Digest()
    let spans = 0
    for await (const canonical of readCanonical(theirs)) {
      digest.add(canonical)
      spans++
    }
    expect([spans, digest.toString()]).toEqual([outcome.spans, outcome.digest])
    const [sent, arrived] = [inOrder(readLines(ours)), inOrder(readLines(theirs))]
    // One by one: a difference among tens of thousands is to be seen.
    for (const [index, span] of sent.entries()) expect(arrived[index]).toEqual(span)
  })
})

describe.runIf(programs.jaeger)('in the real Jaeger', () => {
  test('a trace is shown with all of its spans', async () => {
    const jaeger = await startJaeger()
    const out = join(mkdtempSync(join(tmpdir(), 'simulate-')), 'spans.jsonl')
    const outcome = await play({ receiver: receiverAt(jaeger.url), files: { out }, limits: { traces: 1 } })
    expect(outcome.isAllTaken).toBe(true)
    const spans = readLines(out)
    const traceId = spans[0]?.traceId as string
    const arrived = async () => {
      const response = await fetch(`${jaeger.queryUrl}/api/traces/${traceId}`)
      const { data } = (await response.json()) as {
        data: { spans: { spanID: string; operationName: string }[] }[] | null
      }
      return data?.[0]?.spans.length === spans.length && data[0].spans
    }
    const shown = await vi.waitUntil(arrived, { timeout: 200_000 })
    await jaeger.stop()
    const named = (all: readonly { id: string; name: string }[]) => new Map(all.map(({ id, name }) => [id, name]))
    expect(named(shown.map(({ spanID, operationName }) => ({ id: spanID, name: operationName })))).toEqual(
      named(spans.map(({ spanId, name }) => ({ id: spanId, name }))),
    )
  })
})
