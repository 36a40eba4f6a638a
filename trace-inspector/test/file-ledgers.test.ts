import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { readLedgers } from '../src/file/ledgers.ts'
import { openFile } from '../src/file/open.ts'
import { Traces } from '../src/traces.ts'
import { simulateFile } from './support/simulated-file.ts'

const traces = new Traces(64 * 1024 * 1024)
let lines: string[]
let traceIds: string[]
beforeAll(async () => {
  const file = await simulateFile(['fanout', 'chain'], { runs: 2 })
  await openFile(Readable.from([file.spans]), traces)
  traceIds = file.traceIds
  lines = file.ledgers.toString().trimEnd().split('\n')
})
const read = (body: string | Buffer) => readLedgers(Readable.from([Buffer.from(body)]), traces)

test('a line that is no ledger costs no other, wherever it is, and the first is told', async () => {
  const [first, second, third, fourth] = lines as [string, string, string, string]
  const ledgers = await read([first.slice(0, 100), second, '{}', third, fourth.slice(0, -1)].join('\n'))
  expect(ledgers).toMatchObject({ size: 2, broken: 3, strange: 0, rejected: 0, stopped: null })
  expect(ledgers.trouble).toMatch(/^line 1: expected JSON \(/)
  expect(traceIds.map((id) => ledgers.find(id)?.runs.length)).toEqual([undefined, 1, 1, undefined])
})

test('a gzipped file that is cut off is told, and what came before is kept', async () => {
  // Random digits, which gzip does not make small: so much of them as it holds back.
  const padding = Array.from({ length: 20_000 }, (_, index) => `${Math.sin(index)}\n`).join('')
  const ledgers = await read(gzipSync(`${lines.join('\n')}\n${padding}`).subarray(0, -20))
  expect(ledgers.size).toBe(4)
  expect(ledgers.stopped).toMatch(/^unexpected end of file\. It was read up to line \d+$/)
})

test('a file without any is refused, and is not read to its end for that', async () => {
  await expect(read('{"trace_id":"1"}\n{}')).rejects.toThrow(/^line 1: expected the ledger of a run \(/)
  await expect(read(`${'{}\n'.repeat(10)}${lines.join('\n')}`)).rejects.toThrow(/^line 1: /)
  expect(await read('')).toMatchObject({ size: 0, broken: 0 })
})
