import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Key } from 'contract/key'
import { type RunLedger, runLedgerSchema } from 'contract/ledger'
import { seal } from 'contract/seal'
import type { Run } from 'engine/run'
import request from 'supertest'
import { afterEach, expect, test } from 'vitest'
import { listen, startApps } from '../../test/support/apps.ts'
import { simulate } from '../../test/support/simulated.ts'
import { readConfig } from '../src/config.ts'
import { LedgerSink } from '../src/ledger-sink.ts'
import { lineWriter } from '../src/line-writers.ts'

const cleanups: (() => unknown)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const add = (sink: LedgerSink, run: Run) => sink.add(run, () => Promise.resolve(run.toLedger()))
const runOf = async (seed: string) => (await simulate('fanout', { fanout: 2, seed })).run

test('a write that does not end holds up no end, and what it had is told as lost', async () => {
  let begin = () => {}
  let end = () => {}
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const write = () => {
    begin()
    return new Promise<void>((resolve) => (end = resolve))
  }
  const sink = new LedgerSink({ name: 'nowhere', write }, { maxBytes: 1e9, tell: () => {} })
  for (const seed of ['a', 'b']) add(sink, await runOf(seed))
  await begun
  expect(await sink.close(1)).toBe(2)
  expect(sink.counters).toEqual({ written: 0, queued: 0, dropped: 2 })
  // Each has one fate, whatever becomes of the write.
  end()
  await new Promise((resolve) => setImmediate(resolve))
  expect(sink.counters).toEqual({ written: 0, queued: 0, dropped: 2 })
})

test('a ledger has the key of its run, however late that is, and what its hash was made with', async () => {
  const written: RunLedger[] = []
  const write = (line: Buffer) => {
    written.push(runLedgerSchema.parse(JSON.parse(line.toString())))
    return Promise.resolve()
  }
  const ledgerSink = new LedgerSink({ name: 'here', write }, { maxBytes: 1e9, tell: () => {} })
  const { app, close } = await startApps({ ledgerSink })
  const fast = 'delay_ms=1&llm_delay_ms=1'
  for (const asked of [
    'fanout=3',
    'fanout=1300&concurrency=50',
    'blind=true&fanout=3',
    'blind=true&fanout=3&faults=off',
  ])
    await request(app).get('/run').set('x-run-parameters', `${fast}&${asked}`).expect(200)
  await expect.poll(() => written.length).toBe(4)
  for (const { blind = false, trace_id, key, key_salt } of written) {
    expect([key_salt !== undefined, (key as Key).trace_id]).toEqual([blind, trace_id])
    if (!blind) continue
    const shown = await request(app).post(`/runs/${trace_id}/answer`).send('{"span_ids":[]}').expect(200)
    const [told] = shown.body.runs as [RunLedger]
    expect(seal(key, key_salt)).toEqual(seal(told.key, told.key_salt))
  }
  expect(await ledgerSink.close(1000)).toBe(0)
  await close()
})

test('a ledger that is refused for good is counted and told, and those behind it go on', async () => {
  const answers = [204, 413, 302, 429, 500, 204, 204]
  const asked: number[] = []
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const status = answers.shift() ?? 204
      asked.push(status)
      response.writeHead(status).end()
    })
  })
  const url = await listen(server)
  cleanups.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  const told: string[] = []
  const options = { maxBytes: 1e9, tell: (line: string) => told.push(line), pauseMs: { first: 1, longest: 1 } }
  const sink = new LedgerSink(lineWriter(url, 'one'), options)
  for (const seed of ['a', 'b', 'c', 'd', 'e']) add(sink, await runOf(seed))
  await expect.poll(() => sink.counters).toEqual({ written: 3, queued: 0, dropped: 2 })
  expect(asked).toEqual([204, 413, 302, 429, 500, 204, 204])
  expect(told).toEqual([
    `A ledger cannot go to ${url}, and is lost: it answered 413`,
    `Ledgers cannot go to ${url}, and wait: it answered 429`,
    `Ledgers go to ${url} again`,
  ])
})

test('a line stands behind no part of another that a full disk, or a sudden end, has left in the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledgers-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  const { name: path, write } = lineWriter(`file:${folder}`, 'one')
  const read = () => readFileSync(path, 'utf8')
  await write(Buffer.from('{"whole":1}\n'))
  await write(Buffer.from('{"whole":2}\n'))
  expect(read()).toBe('{"whole":1}\n{"whole":2}\n')
  appendFileSync(path, '{"torn":')
  await write(Buffer.from('{"whole":3}\n'))
  await write(Buffer.from('{"whole":4}\n'))
  expect(read()).toBe('{"whole":1}\n{"whole":2}\n{"torn":\n{"whole":3}\n{"whole":4}\n')
})

test.each(['https://me:secret@ledgers.example/a', 'http://token@ledgers.example'])(
  'LEDGER_SINK=%s is refused, for its credentials would not be sent',
  (sink) => {
    expect(() => readConfig({ LEDGER_SINK: sink })).toThrow(/LEDGER_SINK=.*: expected .* URL without credentials/)
    expect(() => readConfig({ LEDGER_SINK: sink })).not.toThrow(/secret|token/)
  },
)

test.each(['file:a folder', 'http://[::1]:8080/a@b', 'https://ledgers.example?key=a@b'])(
  'LEDGER_SINK=%s is taken',
  (sink) => expect(readConfig({ LEDGER_SINK: sink }).LEDGER_SINK).toBe(sink),
)
