import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { differenceKinds } from '../src/verify/difference.ts'
import type { Verification } from '../src/verify/verify.ts'
import { changed, first, type Meddle, named, only } from './support/meddler.ts'
import { type OtlpAttribute, type Parcel, resourceOf, spanOf } from './support/otlp.ts'
import { startStack, type Stack } from './support/stack.ts'

let stack: Stack

beforeAll(async () => {
  stack = await startStack()
})
afterEach(() => {
  stack.meddler.meddle = (parcel) => [parcel]
})
afterAll(() => stack.stop())

const isServer = ({ span }: Parcel) => span.kind === 2 && span.name.startsWith('GET /tool')
const attribute = (parcel: Parcel, key: string) =>
  parcel.span.attributes.find((one) => one.key === key) as OtlpAttribute
const change =
  (make: (copy: Parcel) => void): Meddle =>
  (parcel) => [changed(parcel, make)]
/** A span of another service with the same times, below the same parent unless below another. */
const ofProxy = (parcel: Parcel, parentSpanId = parcel.span.parentSpanId ?? ''): Parcel => {
  const { traceId, startTimeUnixNano, endTimeUnixNano } = parcel.span
  const times = { startTimeUnixNano, endTimeUnixNano }
  return {
    resource: resourceOf('proxy'),
    span: spanOf({ traceId, spanId: 'abcdefabcdefabcd', parentSpanId, ...times }),
  }
}
const later = (nanos: string, ms: number) => String(BigInt(nanos) + BigInt(ms) * 1_000_000n)

/** The kinds of difference that were counted. */
function kindsOf({ counts }: Verification) {
  return Object.fromEntries(differenceKinds.filter((kind) => counts[kind] > 0).map((kind) => [kind, counts[kind]]))
}

const retry = 'scenario=retry&fanout=5&error_rate=0.5&delay_ms=1&backoff_ms=1&faulty_tools=0&seed=three'
const dag = 'scenario=dag&fanout=5&delay_ms=1'
const rag = 'scenario=rag&rag_chunks=3&ms_per_kb=1&delay_ms=1'

interface Case {
  fault: string
  run?: string
  meddle: Meddle
  /** How many spans arrive more than are owed. */
  extra?: number
  verdict: Verification['verdict']
  kinds: Record<string, number>
}

const cases: Case[] = [
  {
    fault: 'a lost leaf is missing',
    meddle: only(first(named('checkpoint')), () => []),
    extra: -1,
    verdict: 'incomplete',
    kinds: { missing: 1 },
  },
  {
    fault: 'a lost span is missing and what is below it is orphaned',
    meddle: only(first(named('invoke_agent planner')), () => []),
    extra: -1,
    verdict: 'incomplete',
    kinds: { missing: 1, orphaned: 6 },
  },
  {
    fault: 'a lost SERVER span is missing',
    meddle: only(first(isServer), () => []),
    extra: -1,
    verdict: 'incomplete',
    kinds: { missing: 1 },
  },
  {
    fault: 'what is missing wins over what is altered',
    meddle: (parcel) =>
      named('checkpoint')(parcel)
        ? []
        : only(
            named('invoke_workflow retry'),
            change(({ span }) => (span.name = 'x')),
          )(parcel),
    extra: -1,
    verdict: 'incomplete',
    kinds: { missing: 1, renamed: 1 },
  },
  {
    fault: 'a span that comes twice is duplicated',
    meddle: only(first(named('checkpoint')), (parcel) => [parcel, parcel]),
    verdict: 'altered',
    kinds: { duplicated: 1 },
  },
  {
    fault: 'a span of nobody is unexpected',
    meddle: only(first(named('checkpoint')), (parcel) => [
      parcel,
      changed(parcel, ({ span }) => (span.spanId = 'abcdefabcdefabcd')),
    ]),
    extra: 1,
    verdict: 'altered',
    kinds: { unexpected: 1 },
  },
  {
    fault: 'a span of another service that nobody called with is unexpected',
    meddle: only(first(named('checkpoint')), (parcel) => [parcel, ofProxy(parcel, '')]),
    extra: 1,
    verdict: 'altered',
    kinds: { unexpected: 1 },
  },
  {
    fault: 'what a proxy adds below a call is unexpected, and not taken for the SERVER span',
    meddle: only(first(isServer), (parcel) => [ofProxy(parcel), parcel]),
    extra: 1,
    verdict: 'altered',
    kinds: { unexpected: 1 },
  },
  {
    fault: 'a lost SERVER span is missing, whatever else is below its call',
    meddle: only(first(isServer), (parcel) => [ofProxy(parcel)]),
    verdict: 'incomplete',
    kinds: { missing: 1, unexpected: 1 },
  },
  {
    fault: 'another parent is another parent',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.parentSpanId = 'abcdefabcdefabcd')),
    ),
    verdict: 'altered',
    kinds: { reparented: 1 },
  },
  {
    fault: 'no parent is another parent',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => delete span.parentSpanId),
    ),
    verdict: 'altered',
    kinds: { reparented: 1 },
  },
  {
    fault: 'a SERVER span under another parent is known by its times',
    meddle: only(
      first(isServer),
      change(({ span }) => (span.parentSpanId = 'abcdefabcdefabcd')),
    ),
    verdict: 'altered',
    kinds: { reparented: 1 },
  },
  {
    fault: 'another name',
    meddle: only(
      first(isServer),
      change(({ span }) => (span.name = 'GET /tool/search')),
    ),
    verdict: 'altered',
    kinds: { renamed: 1 },
  },
  {
    fault: 'another kind',
    meddle: only(
      first(named('GET')),
      change(({ span }) => (span.kind = 1)),
    ),
    verdict: 'altered',
    kinds: { kind_changed: 1 },
  },
  {
    fault: 'another service',
    meddle: only(
      first(isServer),
      change(
        ({ resource }) =>
          ((resource.attributes.find(({ key }) => key === 'service.name') as OtlpAttribute).value = {
            stringValue: 'x',
          }),
      ),
    ),
    verdict: 'altered',
    kinds: { service_changed: 1 },
  },
  {
    fault: 'an error that became none',
    meddle: only(
      first(({ span }) => span.status?.code === 2 && span.name === 'GET'),
      change(({ span }) => (span.status = { ...span.status, code: 0 })),
    ),
    verdict: 'altered',
    kinds: { status_changed: 1 },
  },
  {
    fault: 'a good span that was called OK',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.status = { code: 1 })),
    ),
    verdict: 'altered',
    kinds: { status_changed: 1 },
  },
  {
    fault: 'other times of an own span, by 5 microseconds',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.endTimeUnixNano = String(BigInt(span.endTimeUnixNano) + 5000n))),
    ),
    verdict: 'altered',
    kinds: { time_changed: 1 },
  },
  {
    fault: 'other times of a SERVER span, beyond its tolerance',
    meddle: only(
      first(isServer),
      change(({ span }) => (span.startTimeUnixNano = later(span.startTimeUnixNano, -60_000))),
    ),
    verdict: 'altered',
    kinds: { time_changed: 1 },
  },
  {
    fault: 'a status without its message',
    meddle: only(
      first(({ span }) => span.status?.code === 2 && span.name === 'GET'),
      change(({ span }) => delete span.status?.message),
    ),
    verdict: 'altered',
    kinds: { status_message_changed: 1 },
  },
  {
    fault: 'a scope without its name',
    meddle: only(
      first(named('checkpoint')),
      change((copy) => (copy.scope = { name: '' })),
    ),
    verdict: 'altered',
    kinds: { scope_changed: 1 },
  },
  {
    fault: 'a scope of another version',
    meddle: only(
      first(named('checkpoint')),
      change((copy) => (copy.scope = { name: 'agent-app', version: '2' })),
    ),
    verdict: 'altered',
    kinds: { scope_changed: 1 },
  },
  {
    fault: 'a resource that lost attributes, once for all spans of the service',
    meddle: change(
      ({ resource }) => (resource.attributes = resource.attributes.filter(({ key }) => key === 'service.name')),
    ),
    verdict: 'altered',
    kinds: { resource_changed: 1 },
  },
  {
    fault: 'a resource attribute that nobody set',
    meddle: only(
      first(named('checkpoint')),
      change(({ resource }) => resource.attributes.push({ key: 'x', value: { stringValue: 'y' } })),
    ),
    verdict: 'altered',
    kinds: { resource_changed: 1 },
  },
  {
    fault: 'a whole number that became a double',
    meddle: only(
      first(named('checkpoint')),
      change((copy) => (attribute(copy, 'ati.checkpoint.size_kb').value = { doubleValue: 64 })),
    ),
    verdict: 'altered',
    kinds: { attribute_changed: 1 },
  },
  {
    fault: 'a whole number of an event that became a double',
    meddle: only(
      first(({ span }) => (span.events ?? []).length > 0),
      change(({ span }) => {
        const [number] = span.events?.[0]?.attributes?.filter(({ key }) => key === 'ati.retry.attempt') ?? []
        ;(number as OtlpAttribute).value = { doubleValue: 1 }
      }),
    ),
    verdict: 'altered',
    kinds: { event_changed: 1 },
  },
  {
    fault: 'lost flags of an own span',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.flags = 0)),
    ),
    verdict: 'altered',
    kinds: { flags_changed: 1 },
  },
  {
    fault: 'a SERVER span whose parent is not remote any more',
    meddle: only(
      first(isServer),
      change(({ span }) => (span.flags = 0x101)),
    ),
    verdict: 'altered',
    kinds: { flags_changed: 1 },
  },
  {
    fault: 'a trace state that nobody sent',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.traceState = 'x=1')),
    ),
    verdict: 'altered',
    kinds: { trace_state_changed: 1 },
  },
  {
    fault: 'a span of which somebody dropped something',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.droppedEventsCount = 2)),
    ),
    verdict: 'altered',
    kinds: { dropped_count_changed: 1 },
  },
  {
    fault: 'a lost attribute',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => span.attributes.pop()),
    ),
    verdict: 'altered',
    kinds: { attribute_lost: 1 },
  },
  {
    fault: 'an attribute of another type',
    meddle: only(
      first(named('checkpoint')),
      change((copy) => (attribute(copy, 'ati.checkpoint.size_kb').value = { stringValue: '64' })),
    ),
    verdict: 'altered',
    kinds: { attribute_changed: 1 },
  },
  {
    fault: 'an attribute that was cut off',
    meddle: only(
      first(named('checkpoint')),
      change((copy) => (attribute(copy, 'ati.span.kind').value = { stringValue: 'check' })),
    ),
    verdict: 'altered',
    kinds: { attribute_truncated: 1 },
  },
  {
    fault: 'a list that lost its end',
    meddle: only(
      first(({ span }) => span.name.startsWith('chat')),
      change((copy) => (attribute(copy, 'gen_ai.response.finish_reasons').value = { arrayValue: { values: [] } })),
    ),
    verdict: 'altered',
    kinds: { attribute_truncated: 1 },
  },
  {
    fault: 'an attribute that nobody wrote',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => span.attributes.push({ key: 'x', value: { intValue: 1 } })),
    ),
    verdict: 'altered',
    kinds: { attribute_added: 1 },
  },
  {
    fault: 'content that was cut off',
    run: rag,
    meddle: only(
      first(named('process_chunk')),
      change((copy) => {
        const content = attribute(copy, 'ati.rag.chunk.content').value
        content.stringValue = content.stringValue?.slice(0, 128) as string
      }),
    ),
    verdict: 'altered',
    kinds: { attribute_truncated: 1 },
  },
  {
    fault: 'content of the same length that says something else',
    run: rag,
    meddle: only(
      first(named('process_chunk')),
      change((copy) => {
        const content = attribute(copy, 'ati.rag.chunk.content').value
        content.stringValue = `!${content.stringValue?.slice(1)}`
      }),
    ),
    verdict: 'altered',
    kinds: { attribute_changed: 1 },
  },
  {
    fault: 'a lost event',
    meddle: only(
      first(({ span }) => (span.events ?? []).length > 0),
      change(({ span }) => span.events?.pop()),
    ),
    verdict: 'altered',
    kinds: { event_lost: 1 },
  },
  {
    fault: 'an event with other attributes',
    meddle: only(
      first(({ span }) => (span.events ?? []).length > 0),
      change(({ span }) => span.events?.[0]?.attributes?.pop()),
    ),
    verdict: 'altered',
    kinds: { event_changed: 1 },
  },
  {
    fault: 'an event at another time',
    meddle: only(
      first(({ span }) => (span.events ?? []).length > 0),
      change(
        ({ span: { events } }) => events && events[0] && (events[0].timeUnixNano = later(events[0].timeUnixNano, 1)),
      ),
    ),
    verdict: 'altered',
    kinds: { event_changed: 1 },
  },
  {
    fault: 'an event that nobody wrote',
    meddle: only(
      first(named('checkpoint')),
      change(({ span }) => (span.events = [{ name: 'x', timeUnixNano: span.startTimeUnixNano }])),
    ),
    verdict: 'altered',
    kinds: { event_added: 1 },
  },
  {
    fault: 'a lost link',
    run: dag,
    meddle: only(
      first(named('invoke_agent aggregator')),
      change(({ span }) => span.links?.pop()),
    ),
    verdict: 'altered',
    kinds: { link_lost: 1 },
  },
  {
    fault: 'a link that nobody made',
    run: dag,
    meddle: only(
      first(named('invoke_agent aggregator')),
      change(({ span }) => span.links?.push({ traceId: span.traceId, spanId: 'abcdefabcdefabcd' })),
    ),
    verdict: 'altered',
    kinds: { link_added: 1 },
  },
]

test.each(cases)('$fault, and nothing else is', async ({ run = retry, meddle, extra = 0, verdict, kinds }) => {
  stack.meddler.meddle = meddle
  const answer = await stack.run(run)
  await stack.arrived(answer.trace_id, answer.spans.total + extra)
  const verification = await stack.verify(answer.trace_id)
  expect(kindsOf(verification), JSON.stringify(verification.differences)).toEqual(kinds)
  expect(verification).toMatchObject({ verdict, run: 'closed' })
  expect(verification.counts.differences).toBe(Object.values(kinds).reduce((sum, count) => sum + count, 0))
})

test('a trace of which nothing comes is absent', async () => {
  // Others of the service came: without them it would be elsewhere.
  const other = await stack.run(retry)
  await stack.arrived(other.trace_id, other.spans.total)
  stack.meddler.meddle = () => []
  const { trace_id, spans } = await stack.run(retry)
  // Until they have left, they are queued.
  await expect
    .poll(() => stack.verify(trace_id))
    .toMatchObject({
      verdict: 'absent',
      run: 'closed',
      counts: { expected: spans.total, received: 0, missing: spans.total, differences: spans.total },
    })
})

test('a hundred differences are listed and all are counted, with a path that says where', async () => {
  stack.meddler.meddle = only(named('GET'), () => [])
  const { trace_id, spans } = await stack.run('scenario=chain&depth=120&delay_ms=0')
  await stack.arrived(trace_id, spans.total - 120)
  const { counts, differences } = await stack.verify(trace_id)
  expect(counts).toMatchObject({ missing: 120, orphaned: 120, differences: 240 })
  expect(differences).toHaveLength(100)
  expect(differences[0]).toMatchObject({
    kind: 'missing',
    path: 'GET /run > invoke_workflow chain > invoke_agent planner > invoke_agent link > execute_tool search > GET [link/0/call/0]',
    expected: { name: 'GET', service: 'synthetic-agent-app' },
    actual: null,
  })
  expect(differences[99]?.path).toBe(
    'GET /run > invoke_workflow chain > … 98 more … > invoke_agent link > invoke_agent link > invoke_agent link > execute_tool mail > GET [link/99/call/0]',
  )
})
