import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { LineFile } from '../src/line-file.ts'
import { stops } from './support/simulations.ts'

/** A pipe with a name. */
function makePipe(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'pipe-')), 'spans.jsonl')
  execFileSync('mkfifo', [path])
  return path
}
const line = Buffer.from(`${'x'.repeat(99)}\n`)

test('a pipe takes lines once somebody reads it', async () => {
  const path = makePipe()
  const opened = LineFile.open(path, { goesOn: false, ...stops().signals })
  const read = text(createReadStream(path))
  const file = await opened
  for (let index = 0; index < 5000; index++) await file.write(line)
  await file.end(true)
  expect((await read).length).toBe(5000 * line.length)
})

test('nobody waits for the reader of a pipe after a stop', async () => {
  const path = makePipe()
  const { soon, signals } = stops()
  const opened = LineFile.open(path, { goesOn: false, ...signals })
  soon.abort()
  await expect(opened).rejects.toThrow(`${path} is a pipe that nobody reads`)
})

test('nobody waits for a reader that reads no more after a second stop', async () => {
  const path = makePipe()
  const { now, signals } = stops()
  const opened = LineFile.open(path, { goesOn: false, ...signals })
  // It reads what fits into its buffer, and then no more.
  const reader = createReadStream(path, { highWaterMark: 1 })
  const file = await opened
  const writing = file.write(Buffer.alloc(1 << 22))
  now.abort()
  await expect(writing).rejects.toThrow(`${path} cannot be written: nobody waits for it any more`)
  reader.destroy()
})

test('a pipe whose reader leaves is told in one sentence', async () => {
  const path = makePipe()
  const opened = LineFile.open(path, { goesOn: false, ...stops().signals })
  const reader = createReadStream(path)
  const file = await opened
  reader.once('data', () => reader.destroy())
  const writing = async () => {
    for (;;) await file.write(line)
  }
  await expect(writing()).rejects.toThrow(`${path} cannot be written: nobody reads it any more`)
})
