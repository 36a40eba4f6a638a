import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { openFile } from '../../src/file/open.ts'
import { Traces } from '../../src/traces.ts'
import { programs } from '../support/backend.ts'
import { startPipeline } from '../support/pipeline.ts'

const folder = mkdtempSync(join(tmpdir(), 'file-exporter-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The traces of a file, by id, each span by its own. */
async function tracesIn(file: Readable, ids: readonly string[]) {
  const traces = new Traces(256 * 1024 * 1024)
  const { opened, stopped } = await openFile(file, traces)
  expect([stopped, opened.trouble]).toEqual([null, null])
  return new Map(ids.map((id) => [id, traces.find(id)?.spans]))
}

describe.runIf(programs.collector)('what the file exporter of the real Collector writes', () => {
  test('is opened as what was received', async () => {
    const path = join(folder, 'spans.jsonl')
    const pipeline = await startPipeline(
      ['config.yaml'],
      [`exporters::file::path: ${path}`, 'service::pipelines::traces::exporters: [otlp_http/inspector, file]'],
    )
    const ids: string[] = []
    const received: string[] = []
    try {
      for (const { trace_id, verification } of await pipeline.verify(['fanout', 'retry', 'human?human_delay_s=0'])) {
        expect(verification?.verdict).toBe('complete')
        ids.push(trace_id as string)
        received.push(await (await fetch(`${pipeline.inspectorUrl}/traces/${trace_id}/otlp`)).text())
      }
    } finally {
      await pipeline.stop()
    }
    const opened = await tracesIn(createReadStream(path), ids)
    expect([...opened.values()].map((spans) => spans?.size)).not.toContain(undefined)
    expect(opened).toEqual(await tracesIn(Readable.from([Buffer.from(received.join('\n'))]), ids))
  })
})
