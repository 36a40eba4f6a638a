import { expect, test } from 'vitest'
import { jaegerAnswerSchema, readJaegerTrace } from '../src/jaeger.ts'

const traceId = '0123456789abcdef0123456789abcdef'

test('what Jaeger answers is the span that was sent to it', () => {
  const answer = jaegerAnswerSchema.parse({
    data: [
      {
        traceID: traceId,
        spans: [
          {
            traceID: traceId,
            spanID: '0000000000000002',
            operationName: 'chat',
            references: [
              { refType: 'FOLLOWS_FROM', traceID: traceId, spanID: '0000000000000009' },
              { refType: 'CHILD_OF', traceID: traceId, spanID: '0000000000000001' },
            ],
            startTime: 1763823456123456,
            duration: 1500,
            tags: [
              { key: 'gen_ai.usage.input_tokens', type: 'int64', value: 12 },
              { key: 'gen_ai.response.finish_reasons', type: 'string', value: '["stop"]' },
              { key: 'otel.scope.name', type: 'string', value: 'agent-app' },
              { key: 'otel.scope.version', type: 'string', value: '1.2.3' },
              { key: 'span.kind', type: 'string', value: 'client' },
              { key: 'w3c.tracestate', type: 'string', value: 'vendor=1' },
              { key: 'otel.status_description', type: 'string', value: 'boom' },
              { key: 'otel.status_code', type: 'string', value: 'ERROR' },
              { key: 'error', type: 'bool', value: true },
            ],
            logs: [
              {
                timestamp: 1763823456124000,
                fields: [
                  { key: 'event', type: 'string', value: 'first_token' },
                  { key: 'ati.stream.tokens', type: 'int64', value: 0 },
                ],
              },
            ],
            processID: 'p1',
            warnings: null,
          },
        ],
        processes: { p1: { serviceName: 'shop', tags: [] } },
      },
    ],
    errors: null,
  })
  expect([...readJaegerTrace(traceId, answer).spans.values()]).toEqual([
    {
      traceId,
      spanId: '0000000000000002',
      parentSpanId: '0000000000000001',
      name: 'chat',
      kind: 'client',
      service: 'shop',
      startMs: 1763823456123.456,
      endMs: 1763823456124.956,
      attributes: { 'gen_ai.usage.input_tokens': 12, 'gen_ai.response.finish_reasons': '["stop"]' },
      wholeDoubles: [],
      events: [
        { name: 'first_token', timeMs: 1763823456124, attributes: { 'ati.stream.tokens': 0 }, wholeDoubles: [] },
      ],
      links: [{ traceId, spanId: '0000000000000009' }],
      status: 'error',
      statusMessage: 'boom',
      resource: {},
      resourceDoubles: [],
      scope: { name: 'agent-app', version: '1.2.3' },
      traceState: 'vendor=1',
      flags: 0,
      dropped: { attributes: 0, events: 0, links: 0 },
    },
  ])
})
