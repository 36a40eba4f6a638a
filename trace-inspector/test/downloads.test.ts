import { expect, test } from 'vitest'
import { jaegerJson } from '../src/jaeger-json.ts'
import { jaegerAnswerSchema, readJaegerTrace } from '../src/jaeger.ts'
import { decodeJson } from '../src/otlp/json.ts'
import { writeRequest } from '../src/otlp/write.ts'
import { Trace } from '../src/trace.ts'
import { resourceOf, spanOf } from './support/otlp.ts'

const traceId = '0123456789abcdef0123456789abcdef'
const value = (key: string, given: object) => ({ key, value: given })
const full = {
  ...spanOf({ traceId, spanId: '00f067aa0ba902b1', parentSpanId: '00f067aa0ba902b2', name: 'execute_tool mail' }),
  kind: 3,
  startTimeUnixNano: '1763823456123456789',
  endTimeUnixNano: '1763823456124956789',
  attributes: [
    value('text', { stringValue: 'a "quoted" ü' }),
    value('whole', { intValue: '12' }),
    value('double', { doubleValue: 2 }),
    value('share', { doubleValue: 0.25 }),
    value('long', { intValue: '9223372036854775807' }),
    value('none', { doubleValue: 'NaN' }),
    value('endless', { doubleValue: '-Infinity' }),
    value('bytes', { bytesValue: 'AAEC' }),
    value('list', { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }] } }),
    value('list of long', { arrayValue: { values: [{ intValue: '-9223372036854775808' }, { doubleValue: 'NaN' }] } }),
    value('group', { kvlistValue: { values: [value('inner', { intValue: '1' })] } }),
    ...['int', 'double', 'bytes', 'group'].map((name) =>
      value(`group of ${name}`, { kvlistValue: { values: [value(name, { stringValue: '1' })] } }),
    ),
    value('empty', {}),
  ],
  events: [{ name: 'stall', timeUnixNano: '1763823456124000000', attributes: [value('n', { doubleValue: 3 })] }],
  links: [{ traceId, spanId: '00f067aa0ba902b9' }],
  status: { code: 2, message: 'boom' },
  traceState: 'vendor=1',
  flags: 0x101,
  droppedEventsCount: 4,
}
const plain = { ...spanOf({ traceId, spanId: '00f067aa0ba902b2' }), endTimeUnixNano: '0' }

const spansOf = (request: object) => decodeJson(Buffer.from(JSON.stringify(request))).spans
const sent = spansOf({
  resourceSpans: [
    {
      resource: { attributes: [...resourceOf('shop').attributes, value('process.pid', { doubleValue: 7 })] },
      scopeSpans: [{ scope: { name: 'agent-app', version: '1.2.3' }, spans: [full] }, { spans: [plain] }],
    },
  ],
})

test('what is written as OTLP is read again as it came', () => {
  expect(sent).toHaveLength(2)
  const request = writeRequest(sent)
  expect(spansOf(request)).toEqual(sent)
  expect(request.resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes).toEqual(full.attributes)
  expect(request.resourceSpans[0]?.resource.attributes.at(-1)).toEqual(value('process.pid', { doubleValue: 7 }))
  expect(request.resourceSpans).toHaveLength(1)
  expect(request.resourceSpans[0]?.scopeSpans).toHaveLength(2)
})

/** What Jaeger has no type for. */
const asText = {
  list: '["a",true]',
  'list of long': '["-9223372036854775808","NaN"]',
  group: '{"inner":1}',
  'group of int': '{"int":"1"}',
  'group of double': '{"double":"1"}',
  'group of bytes': '{"bytes":"1"}',
  'group of group': '{"group":"1"}',
  empty: 'null',
}

test('numbers have types of their own for Jaeger, whatever their size', () => {
  const trace = new Trace(traceId)
  for (const span of sent) trace.add(span)
  const { spans, processes } = jaegerJson(trace).data[0] as ReturnType<typeof jaegerJson>['data'][number]
  expect(spans[0]?.tags).toEqual(
    expect.arrayContaining([
      { key: 'whole', type: 'int64', value: 12 },
      { key: 'double', type: 'float64', value: 2 },
      { key: 'share', type: 'float64', value: 0.25 },
      { key: 'long', type: 'int64', value: '9223372036854775807' },
      { key: 'none', type: 'float64', value: 'NaN' },
      { key: 'endless', type: 'float64', value: '-Infinity' },
      { key: 'bytes', type: 'binary', value: 'AAEC' },
    ]),
  )
  expect(spans[0]?.logs[0]?.fields).toContainEqual({ key: 'n', type: 'float64', value: 3 })
  expect(processes.p1?.tags).toEqual([{ key: 'process.pid', type: 'float64', value: 7 }])
})

test('what is written for Jaeger is the trace, within what Jaeger has room for', () => {
  const trace = new Trace(traceId)
  for (const span of sent) trace.add(span)
  const read = readJaegerTrace(traceId, jaegerAnswerSchema.parse(JSON.parse(JSON.stringify(jaegerJson(trace)))))
  const [first, second] = read.spans.values()
  expect(first).toMatchObject({
    parentSpanId: '00f067aa0ba902b2',
    name: 'execute_tool mail',
    kind: 'client',
    service: 'shop',
    startMs: 1763823456123.457,
    endMs: 1763823456124.957,
    attributes: { ...sent[0]?.attributes, ...asText },
    wholeDoubles: ['double'],
    resource: { 'process.pid': 7 },
    resourceDoubles: ['process.pid'],
    links: sent[0]?.links,
    status: 'error',
    statusMessage: 'boom',
    scope: { name: 'agent-app', version: '1.2.3' },
    traceState: 'vendor=1',
  })
  expect(first?.events).toMatchObject([{ name: 'stall', attributes: { n: 3 }, wholeDoubles: ['n'] }])
  expect(second).toMatchObject({ parentSpanId: null, status: 'unset', startMs: second?.endMs })
})
