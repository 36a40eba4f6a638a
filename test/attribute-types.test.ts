import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { scenarios } from 'engine/scenarios/index'
import { runScenario } from './support/runs.ts'
import { exportingTo, type Pair, startPair } from './support/services.ts'

/** The types that each attribute was sent with, by its name. */
const types = new Map<string, Set<string>>()
const note = (json: unknown): void => {
  if (typeof json !== 'object' || json === null) return
  if ('key' in json && 'value' in json) {
    const known = types.get(String(json.key)) ?? new Set()
    types.set(String(json.key), known)
    for (const type of Object.keys(json.value as object)) known.add(type)
  }
  for (const part of Object.values(json)) note(part)
}

const receiver = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const isZipped = request.headers['content-encoding'] === 'gzip'
    note(JSON.parse((isZipped ? gunzipSync(body) : body).toString()))
    response.setHeader('Content-Type', 'application/json').end('{}')
  })
})

let pair: Pair
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const { port } = receiver.address() as AddressInfo
  pair = await startPair({
    ...exportingTo(`http://127.0.0.1:${port}`),
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_ONLY',
  })
})
afterAll(async () => {
  await pair.stop()
  receiver.close()
})

/** Numbers as somebody may ask for them, small enough to be quick. */
const quick: Record<string, { whole: string; fractional: string }> = {
  fanout: { whole: 'fanout=5&delay_ms=2&error_rate=1', fractional: 'fanout=5&delay_ms=2.5&error_rate=0.5' },
  chain: { whole: 'depth=3&delay_ms=2', fractional: 'depth=3&delay_ms=2.5' },
  retry: {
    whole: 'fanout=5&delay_ms=2&error_rate=1&backoff_ms=1&backoff_jitter=none',
    fractional: 'fanout=5&delay_ms=2.5&error_rate=0.5&backoff_ms=1.5',
  },
  dag: { whole: 'fanout=5&delay_ms=2', fractional: 'fanout=5&delay_ms=2.5' },
  react: { whole: 'delay_ms=2', fractional: 'delay_ms=2.5' },
  human: { whole: 'human_delay_s=0&delay_ms=2', fractional: 'human_delay_s=0.1&delay_ms=2.5' },
  overflow: { whole: 'delay_ms=2&fill=1', fractional: 'delay_ms=2.5&fill=1.5' },
  loop: { whole: 'delay_ms=2', fractional: 'delay_ms=2.5' },
  rag: { whole: 'delay_ms=2&ms_per_kb=0', fractional: 'delay_ms=2.5&ms_per_kb=0.5&rag_chunks=3' },
  // Of intervals that differ by so much, some are three times what was due: it stalls.
  handoff: {
    whole: 'human_delay_s=0&delay_ms=2',
    fractional: 'human_delay_s=0.1&delay_ms=2.5',
  },
  silent: { whole: 'delay_ms=2', fractional: 'delay_ms=2.5' },
  hallucination: { whole: 'delay_ms=2', fractional: 'delay_ms=2.5' },
  stream: {
    whole: 'duration_s=1&ttft_ms=0&background_fanout=5&tool_delay_ms=500&token_interval_ms=10&jitter=1',
    fractional: 'duration_s=0.4&ttft_ms=0&background_fanout=5&tool_delay_ms=500.5&token_interval_ms=10.5&jitter=1',
  },
  cascade: {
    whole: 'calls=10&delay_ms=2&error_rate=1&backoff_ms=1',
    fractional: 'calls=10&delay_ms=2.5&error_rate=0.5&backoff_ms=1.5',
  },
}

/** What ATI reads as it was asked for: documented beside their names. */
const ofEither = ['ati.human.delay_s', 'ati.tool.error_rate']

it('an attribute has one type, whether numbers are whole or not', async () => {
  const asked = scenarios.flatMap(({ name }) => {
    const queries = quick[name]
    expect(queries, `parameters for ${name}`).toBeDefined()
    return Object.values(queries ?? {}).map((query) => runScenario(pair.agent.url, name, query))
  })
  await Promise.all(asked)
  await pair.stop()
  const numeric = ['intValue', 'doubleValue']
  for (const name of [
    'ati.tool.delay_ms',
    'ati.retry.delay_ms',
    'ati.stream.gap_ms',
    'ati.stream.next_ms',
    'ati.worker.queued_ms',
  ])
    expect([name, ...(types.get(name) ?? [])]).toEqual([name, 'intValue'])
  expect([...(types.get('gen_ai.response.time_to_first_chunk') ?? [])]).toEqual(['doubleValue'])
  const several = [...types].filter(([, seen]) => seen.size > 1)
  expect(several.map(([name]) => name).toSorted()).toEqual(ofEither)
  for (const [, seen] of several) expect([...seen].every((type) => numeric.includes(type))).toBe(true)
})
