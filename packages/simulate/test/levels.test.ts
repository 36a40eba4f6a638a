import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Catalog } from 'engine/catalog'
import { readMix } from 'engine/mix/read'
import { scenarios } from 'engine/scenarios/index'
import { expect, test } from 'vitest'
import type { ReceivedSpan } from '../../../trace-inspector/src/otlp/span.ts'
import { play, readLines } from './support/simulations.ts'

const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })

/** Blind runs of a scenario at level 3, as lines of OTLP's JSON have them. */
async function spansOf(scenario: string, params: Record<string, string> = {}): Promise<ReceivedSpan[]> {
  const out = join(mkdtempSync(join(tmpdir(), 'levels-')), 'spans.jsonl')
  const run = { scenario, weight: 1, params: { level: 3, ...params } }
  const mix = readMix(
    JSON.stringify({ description: scenario, rate: '1/s', blind: true, runs: [run] }),
    scenario,
    catalog,
  )
  await play({ mix, seed: 'levels', secret: '0f'.repeat(16), limits: { traces: 12 }, files: { out } })
  return readLines(out)
}

const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name.startsWith(name))
function textOf({ attributes }: ReceivedSpan, name: string): string {
  const value = attributes[name]
  return typeof value === 'string' ? value : ''
}
const argumentsOf = (span: ReceivedSpan) =>
  JSON.parse(textOf(span, 'gen_ai.tool.call.arguments')) as {
    id: string
    action: string
    cursor?: string
    amount?: number
  }
const resultOf = (span: ReceivedSpan) =>
  JSON.parse(textOf(span, 'gen_ai.tool.call.result') || '{}') as Record<string, unknown>
const msOf = ({ startMs, endMs }: ReceivedSpan) => (endMs ?? 0) - (startMs ?? 0)

test('an agent that thinks and acts: cached tokens, polls that wait, pages, writes, and the same arguments again', async () => {
  const spans = await spansOf('react')
  const chats = named(spans, 'chat')
  const cached = chats.map(({ attributes }) => Number(attributes['gen_ai.usage.cache_read.input_tokens'] ?? 0))
  expect(cached.filter((tokens) => tokens > 0).length).toBeGreaterThan(chats.length / 2)
  chats.forEach(({ attributes }, index) =>
    expect(Number(attributes['gen_ai.usage.input_tokens'])).toBeGreaterThan(cached[index] ?? 0),
  )
  const calls = named(spans, 'execute_tool')
  const pending = calls.filter((call) => resultOf(call).status === 'pending')
  expect(pending.length).toBeGreaterThan(10)
  for (const call of pending) {
    const { id } = argumentsOf(call)
    expect(resultOf(call).retry_after_ms).toBe(100)
    expect(calls.some((other) => argumentsOf(other).id === id && resultOf(other).status === 'done')).toBe(true)
  }
  const paged = calls.filter((call) => argumentsOf(call).cursor !== undefined)
  expect(paged.length).toBeGreaterThan(5)
  for (const call of paged) {
    const { id, cursor } = argumentsOf(call)
    expect(calls.some((before) => argumentsOf(before).id === id && resultOf(before).cursor === cursor)).toBe(true)
  }
  expect(calls.some((call) => argumentsOf(call).action === 'write')).toBe(true)
})

test('chunks: of a shard, of a document, from the cache without tokens, and failed', async () => {
  const chunks = named(await spansOf('rag'), 'process_chunk')
  expect(new Set(chunks.map((chunk) => textOf(chunk, 'gen_ai.data_source.id')))).toEqual(
    new Set(['shard-0', 'shard-1', 'shard-2']),
  )
  const cached = chunks.filter(({ attributes }) => attributes['ati.rag.chunk.cached'] === true)
  expect(cached.length).toBeGreaterThan(3)
  for (const chunk of cached) {
    expect(chunk.attributes['gen_ai.usage.output_tokens']).toBeUndefined()
    const document = textOf(chunk, 'ati.rag.chunk.document')
    expect(chunks.filter((other) => textOf(other, 'ati.rag.chunk.document') === document).length).toBeGreaterThan(1)
  }
  const failed = chunks.filter(({ status }) => status === 'error')
  expect(failed.length).toBeGreaterThan(3)
  for (const { attributes } of failed) expect(attributes['error.type']).toBe('chunk_failed')
})

test('people: what they are asked about, how long they take, and a tool that asks to wait', async () => {
  const spans = await spansOf('human', { profile: 'measured' })
  const waits = named(spans, 'human_feedback')
  for (const wait of waits) expect(argumentsOf(wait).amount).toBeGreaterThan(0)
  expect(Math.max(...waits.map(msOf))).toBeGreaterThan(9 * 3_600_000)
  const calls = named(spans, 'execute_tool')
  const done = calls.filter((call) => argumentsOf(call).amount !== undefined)
  const asked = new Set(waits.map((wait) => textOf(wait, 'gen_ai.tool.call.arguments')))
  expect(done.some((call) => asked.has(textOf(call, 'gen_ai.tool.call.arguments')))).toBe(true)
  expect(done.some((call) => !asked.has(textOf(call, 'gen_ai.tool.call.arguments')))).toBe(true)
  const told = named(spans, 'GET').filter(({ attributes }) => attributes['http.response.status_code'] === 429)
  const client = told.filter(({ kind }) => kind === 'client')
  expect(client.length).toBeGreaterThan(3)
  for (const { attributes } of client)
    expect(attributes['http.response.header.retry-after']).toEqual([expect.stringMatching(/^\d+$/)])
})

test('a stream: how far it had come at each begin and end beside it, and nothing of a stall', async () => {
  const spans = await spansOf('stream')
  const chats = named(spans, 'chat')
    // Others ask the same model beside it, and are told nothing piece by piece.
    .filter(({ attributes }) => attributes['gen_ai.request.stream'] === true)
  expect(chats.length).toBe(12)
  for (const chat of chats) {
    const tokens = chat.events.map(({ attributes }) => Number(attributes['ati.stream.tokens']))
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b))
    const names = chat.events.map(({ name }) => name)
    expect(names.filter((name) => name === 'background_started').length).toBeGreaterThan(5)
    expect(names.at(-1)).toBe('last_token')
    expect(names).not.toContain('stall')
    expect(tokens.at(-1)).toBe(chat.attributes['gen_ai.usage.output_tokens'])
  }
})
