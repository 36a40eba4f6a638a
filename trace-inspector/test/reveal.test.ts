import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Random } from 'contract/random'
import { compareWithKey } from 'findings/planted'
import { expectAlike } from './support/alike.ts'
import { changed } from './support/meddler.ts'
import type { Parcel } from './support/otlp.ts'
import { startStack, type Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterEach(() => {
  stack.meddler.meddle = (parcel) => [parcel]
})
afterAll(() => stack.stop())

function shuffled(parcels: readonly Parcel[], random: Random): Parcel[] {
  const left = [...parcels]
  return parcels.map(() => left.splice(random.integer(0, left.length - 1), 1)[0] as Parcel)
}

const quick: Record<string, string> = {
  fanout: 'fanout=40&concurrency=10&delay_ms=10&llm_delay_ms=1',
  chain: 'depth=20&delay_ms=2&llm_delay_ms=1',
  retry: 'fanout=20&error_rate=0.3&delay_ms=2&backoff_ms=2&llm_delay_ms=1',
  dag: 'fanout=10&delay_ms=10&llm_delay_ms=1',
  react: 'max_steps=5&delay_ms=5&llm_delay_ms=1&slow_tool_probability=0.3',
  human: 'human_delay_s=0.05&delay_ms=2&llm_delay_ms=1',
  overflow: 'delay_ms=2&llm_delay_ms=1',
  loop: 'delay_ms=2&llm_delay_ms=1',
  rag: 'rag_chunks=8&ms_per_kb=2&delay_ms=2&llm_delay_ms=1',
  silent: 'lookups=3&flaw=any&delay_ms=2&llm_delay_ms=1',
  hallucination: 'lookups=4&hallucination=any&delay_ms=2&llm_delay_ms=1',
}
const seeds = Array.from({ length: 8 }, (_, index) => `seed-${index}`)

test.each(Object.entries(quick))(
  'spans of %s reveal what its finding says, over many seeds',
  async (scenario, params) => {
    for (const seed of seeds) {
      const { trace_id, spans, finding } = await stack.run(`scenario=${scenario}&${params}&seed=${seed}`)
      await stack.arrived(trace_id, spans.total)
      const revelation = await stack.reveal(trace_id)
      expect(revelation.kind).toBe(finding.kind)
      expect(revelation.observed?.span_ids, seed).toEqual(finding.observed.span_ids)
      expectAlike(revelation.observed, finding.observed)
    }
  },
)

test('what spans reveal is compared with what was planted, by the key of the run', async () => {
  const { trace_id, spans, key } = await stack.run(
    'scenario=fanout&fanout=40&error_rate=0.2&delay_ms=50&stragglers=2&straggler_factor=60&seed=planted',
  )
  await stack.arrived(trace_id, spans.total)
  const { observed, planted } = await stack.reveal(trace_id)
  expect(key.faults.length).toBeGreaterThan(4)
  expect(planted).toEqual(compareWithKey(key, observed?.span_ids ?? []))
  expect(planted).toMatchObject({ planted: key.faults.length, missed: [] })
})

test('where no agent tells what was planted, nothing is said of it', async () => {
  stack.meddler.hold()
  const { spans } = await stack.run('scenario=human&human_delay_s=0')
  await expect.poll(stack.meddler.held).toBe(spans.total)
  const strange = 'ab'.repeat(16)
  await stack.meddler.release((parcels) =>
    parcels.map((parcel) => changed(parcel, ({ span }) => (span.traceId = strange))),
  )
  await stack.arrived(strange, spans.total)
  expect(await stack.reveal(strange)).toMatchObject({ kind: 'idle_wait', planted: null })
})

test('spans of a stream reveal what its finding says', async () => {
  const response = await fetch(
    `${stack.agent.url}/stream?duration_s=0.3&tool_delay_ms=20&background_fanout=10&token_interval_ms=5&ttft_ms=10`,
    { headers: { accept: 'text/event-stream' } },
  )
  const result = /event: result\ndata: (.*)/.exec(await response.text())?.[1] as string
  const { trace_id, spans, finding } = JSON.parse(result) as Awaited<ReturnType<Stack['run']>>
  await stack.arrived(trace_id, spans.total)
  const revelation = await stack.reveal(trace_id)
  expect(revelation.observed?.span_ids).toEqual(finding.observed.span_ids)
  expectAlike(revelation.observed, finding.observed)
})

test.each(Object.entries(quick))(
  'nor does the order of %s, nor what comes twice, change anything',
  async (scenario, params) => {
    const random = new Random(scenario)
    stack.meddler.hold()
    const { trace_id, spans, finding } = await stack.run(`scenario=${scenario}&${params}&seed=order`)
    await expect.poll(stack.meddler.held).toBe(spans.total)
    expect(await stack.verify(trace_id)).toMatchObject({ verdict: 'absent' })

    await stack.meddler.release((parcels) => shuffled([...parcels, ...parcels], random))
    const revelation = await stack.reveal(trace_id)
    expect(revelation.observed?.span_ids).toEqual(finding.observed.span_ids)
    expectAlike(revelation.observed, finding.observed)
    expect(await stack.verify(trace_id)).toMatchObject({
      verdict: 'altered',
      counts: { received: spans.total, duplicated: spans.total, differences: spans.total },
    })
  },
)

test('late spans join: what was incomplete becomes complete, and who waits for it is told', async () => {
  const late: Parcel[] = []
  stack.meddler.meddle = (parcel) => (parcel.span.name === 'GET' ? (late.push(parcel), []) : [parcel])
  const { trace_id, spans } = await stack.run('scenario=fanout&fanout=10&delay_ms=1')
  await stack.arrived(trace_id, spans.total - 10)
  expect(await stack.verify(trace_id)).toMatchObject({ verdict: 'incomplete', counts: { missing: 10, orphaned: 10 } })

  const waited = stack.verify(trace_id, 60)
  for (const parcel of late) await stack.meddler.release(() => [parcel])
  expect(await waited).toMatchObject({ verdict: 'complete', counts: { differences: 0 } })
})

test('the table beside it has each name once, and hides the straggler', async () => {
  const { trace_id, spans, key } = await stack.run(
    'scenario=fanout&fanout=50&delay_ms=50&stragglers=1&straggler_factor=60&thoughts=0',
  )
  await stack.arrived(trace_id, spans.total)
  const { aggregate, observed } = await stack.reveal(trace_id)
  const worker = aggregate.find(({ name }) => name === 'invoke_agent worker')
  expect(worker).toMatchObject({ count: 50, error_rate: 0 })
  // A busy machine may have made others slow as well.
  const { stragglers } = observed as { stragglers: { span_id: string; ms: number }[] }
  const straggler = stragglers.find(({ span_id }) => key.faults[0]?.accepted.flat().includes(span_id))
  expect(worker?.p50_ms).toBeLessThan(straggler?.ms as number)
  expect(new Set(aggregate.map(({ name }) => name)).size).toBe(aggregate.length)
})

test('several runs of one trace are revealed each by itself', async () => {
  const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'
  const slow = await stack.run('scenario=human&human_delay_s=0.1&delay_ms=1', { traceparent })
  const chain = await stack.run('scenario=chain&depth=3&delay_ms=1', { traceparent })
  expect(chain.trace_id).toBe(slow.trace_id)
  await stack.arrived(chain.trace_id, slow.spans.total + chain.spans.total)
  const { kind, observed, others } = await stack.reveal(chain.trace_id)
  expect([kind, ...others.map((other) => other.kind)]).toEqual(['idle_wait', 'cumulative_latency'])
  expectAlike(observed, slow.finding.observed)
  expectAlike(others[0]?.observed, chain.finding.observed)
})
