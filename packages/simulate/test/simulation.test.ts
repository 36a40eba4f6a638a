import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runLedgerSchema } from 'contract/ledger'
import { expect, test } from 'vitest'
import { Digest } from '../src/digest.ts'
import { planWithin, tracesBefore } from '../src/limits.ts'
import { readCanonical } from '../src/read-spans.ts'
import { Catalog } from 'engine/catalog'
import { loadMix } from 'engine/mix/named'
import { readMix } from 'engine/mix/read'
import { scenarios } from 'engine/scenarios/index'
import { inOrder, play, readLines } from './support/simulations.ts'

const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
const folder = () => mkdtempSync(join(tmpdir(), 'simulate-'))

test('one seed makes one digest, by one worker or several, and another seed another', async () => {
  const [one, two, four, other] = [
    await play(),
    await play({ workers: 2 }),
    await play({ workers: 4 }),
    await play({ seed: '8' }),
  ]
  expect(one.traces).toBe(60)
  for (const { digest, spans, traces } of [two, four]) {
    expect({ digest, spans, traces }).toEqual({ digest: one.digest, spans: one.spans, traces: one.traces })
  }
  expect(other.digest).not.toBe(one.digest)
})

test('what goes on from a unit completes what ended before it', async () => {
  const [whole, first] = [await play(), await play({ limits: { traces: 23 } })]
  // The unit that was cut short is played again as a whole.
  const before = await play({
    limits: { traces: tracesBefore(first.nextUnit - 1, planWithin(loadMix('default'), '7', 0, {})) },
  })
  const rest = await play({ fromUnit: before.nextUnit, limits: { traces: 60 - before.traces }, workers: 2 })
  const sum = Digest.parse(before.digest as string)
  sum.addAll(Digest.parse(rest.digest as string))
  expect(before.spans + rest.spans).toBe(whole.spans)
  expect(sum.toString()).toBe(whole.digest)
})

test('a limit of spans ends at one unit whatever the number of workers', async () => {
  const [one, three] = [await play({ limits: { spans: 2000 } }), await play({ limits: { spans: 2000 }, workers: 3 })]
  expect(one.spans).toBeGreaterThanOrEqual(2000)
  expect(one.spans).toBeLessThan(3000)
  expect([three.spans, three.nextUnit, three.digest]).toEqual([one.spans, one.nextUnit, one.digest])
})

test('a limit of spans is passed by the rest of one unit at most', async () => {
  const mix = readMix('runs: [{ scenario: human, params: { outcome: approve } }]', 'alike', catalog)
  const { spans: ofUnit } = await play({ mix, limits: { traces: 1 } })
  for (const wanted of [1, 5 * ofUnit, 17 * ofUnit + 1]) {
    const { spans, traces } = await play({ mix, limits: { spans: wanted } })
    expect([wanted, spans]).toEqual([wanted, Math.ceil(wanted / ofUnit) * ofUnit])
    expect(spans).toBe(traces * ofUnit)
  }
})

test('a file that cannot be opened leaves none that was opened before it', async () => {
  const at = folder()
  await expect(
    play({ files: { out: join(at, 'spans.jsonl'), ledger: join(at, 'no', 'ledger.jsonl') } }),
  ).rejects.toThrow(/ledger\.jsonl cannot be written: ENOENT/)
  expect(readdirSync(at)).toEqual([])
})

test.each(['spans.jsonl', 'spans.jsonl.partial'])('what goes on writes over no %s', async (name) => {
  const at = folder()
  writeFileSync(join(at, name), 'before')
  await expect(play({ fromUnit: 3, files: { out: join(at, 'spans.jsonl') } })).rejects.toThrow(
    `${name} may have what came before`,
  )
  expect(readFileSync(join(at, name), 'utf8')).toBe('before')
})

test('a limit of virtual time leaves out what begins after it', () => {
  const durationMs = 3000
  const mix = loadMix('default')
  const runs = [...planWithin(mix, '7', 0, { durationMs })].flatMap((unit) => unit.runs)
  expect(runs.length).toBeGreaterThan(20)
  expect(Math.max(...runs.map(({ atMs }) => atMs))).toBeLessThan(durationMs)
  const more = [...planWithin(mix, '7', 0, { durationMs: 2 * durationMs })].flatMap((unit) => unit.runs)
  expect(more.filter(({ atMs }) => atMs < durationMs)).toEqual(runs)
})

test('files have every span and every run, whatever they are compressed by, and the digest can be read back from them', async () => {
  const at = folder()
  const [plain, packed, ledger] = ['spans.jsonl', 'spans.jsonl.gz', 'ledger.jsonl'].map((name) => join(at, name))
  const one = await play({ files: { out: plain, ledger } })
  await play({ files: { out: packed }, workers: 2 })
  expect(readdirSync(at).toSorted()).toEqual(['ledger.jsonl', 'spans.jsonl', 'spans.jsonl.gz'])
  const spans = readLines(plain as string)
  expect(spans).toHaveLength(one.spans)
  expect(inOrder(readLines(packed as string))).toEqual(inOrder(spans))
  for (const path of [plain, packed]) {
    const digest = new Digest()
    for await (const canonical of readCanonical(path as string)) digest.add(canonical)
    expect(digest.toString()).toBe(one.digest)
  }
  const runs = readFileSync(ledger as string, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => runLedgerSchema.parse(JSON.parse(line)))
  expect(new Set(runs.map(({ trace_id }) => trace_id))).toEqual(new Set(spans.map(({ traceId }) => traceId)))
  // The ledger knows the SERVER spans of the tools as well, without their ids.
  expect(runs.reduce((count, { steps }) => count + steps.length, 0)).toBe(spans.length)
})

test('ledgers have their keys where those are asked for, and nothing else of them differs', async () => {
  const at = folder()
  const [alone, ledger, key] = ['alone.jsonl', 'ledger.jsonl', 'key.jsonl'].map((name) => join(at, name))
  const limits = { traces: 8 }
  await play({ limits, files: { ledger: alone } })
  await play({ limits, files: { ledger, key } })
  const [without, withKeys, keys] = [alone, ledger, key].map((path) =>
    readFileSync(path as string, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  )
  expect(without?.map(({ key: none }) => none)).toEqual(Array(8).fill(null))
  expect(withKeys).toEqual(without?.map((run, index) => ({ ...run, key: keys?.[index] })))
})

test('runs that are to decide the same are traces of their own', async () => {
  const at = join(folder(), 'spans.jsonl')
  const mix = loadMix('default')
  const run = { scenario: 'retry', weight: 1, planted: true, params: { seed: 'same', fanout: 3 } }
  await play({
    mix: { ...mix, runs: [run], sessions: undefined, faults: [] },
    limits: { traces: 5 },
    files: { out: at },
  })
  const byTrace = Object.values(Object.groupBy(readLines(at), ({ traceId }) => traceId))
  expect(byTrace).toHaveLength(5)
  const shapes = byTrace.map((spans = []) => spans.map(({ name, status }) => `${name} ${status}`))
  for (const shape of shapes) expect(shape).toEqual(shapes[0])
})

test('a file that cannot be written is told in one sentence, and nothing half-written has its name', async () => {
  const at = folder()
  await expect(play({ files: { out: join(at, 'no', 'spans.jsonl') } })).rejects.toThrow(
    /no\/spans\.jsonl cannot be written: ENOENT/,
  )
  await expect(play({ files: { out: at } })).rejects.toThrow(/is a folder/)
  const full = await play({ files: { out: '/dev/full' } })
  expect(full.failure?.message).toMatch(/^\/dev\/full cannot be written: ENOSPC/)
  expect(full.isAllTaken).toBe(false)
  expect(existsSync('/dev/full.partial')).toBe(false)
})

test('what nobody can play is told with all that is wrong', async () => {
  const run = { scenario: 'retry', weight: 1, planted: true, params: { fanout: 'x', nothing: 1 } }
  const { failure } = await play({ mix: { ...loadMix('default'), runs: [run] }, workers: 2 })
  expect(failure?.message).toMatch(/fanout x: expected a whole number/)
  expect(failure?.message).toMatch(/nothing 1: expected one of/)
})
