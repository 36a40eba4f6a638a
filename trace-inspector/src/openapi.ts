import {
  answer,
  json,
  metricsOperation,
  type JsonSchema,
  openApiDocument,
  type Operation,
  pathParameter,
  problems,
  queryParameters,
  readable,
  runnable,
  traceIdParameter,
} from 'service-kit/openapi'
import { z } from 'zod'
import { answerSchema } from 'contract/answer'
import { pictureSchema, spansSchema } from './page/routes.ts'

/** Whatever is in the list is judged by itself, and counted when it is turned down. */
const otlpSchema = { type: 'object', properties: { resourceSpans: { type: ['array', 'null'] } } }
/** A file of one line; others may have several. */
const fileSchema = { ...otlpSchema, anyOf: [{ required: ['resourceSpans'] }, { maxProperties: 0 }] }
/** OTLP in the encoding of the request. */
const otlp = (description: string, schema: JsonSchema = { type: 'object' }) => ({
  description,
  content: { 'application/json': { schema }, 'application/x-protobuf': {} },
})

const notKept = (what: string) => ({
  post: {
    summary: `Takes ${what} over OTLP/HTTP, and does not keep them`,
    requestBody: { required: true, ...otlp(what, {}) },
    responses: { 200: otlp('Taken'), ...problems({ 415: 'It is neither JSON nor protobuf' }) },
  },
})

const noTrace = problems({ 400: 'That is no trace id', 404: 'There is no such trace here' })
const noLedger = problems({ 400: 'That is no trace id, or a bad query', 404: 'No agent has a ledger of this trace' })
const sealed = problems({ 423: 'It is sealed, until it has been answered' })
const noAgent = problems({ 403: 'A page of another site asked', 404: 'There is no such agent' })
const unreachable = problems({ 502: 'The agent does not answer' })

const ofTrace = (summary: string, responses: Operation['responses'], query: object[] = []) =>
  readable({ summary, parameters: [traceIdParameter, ...query], responses })

/** The HTTP API as OpenAPI 3.1. `agents` are the ids of those that are known, the others queries: of a verification, of recent traces. */
export function openApi(agents: readonly string[], { wait, recent }: Record<'wait' | 'recent', z.ZodObject>) {
  const agent = pathParameter('agent', { enum: agents })
  const relayed = (summary: string, responses: Operation['responses'], parameters: object[] = []): Operation => ({
    summary,
    parameters: [agent, ...parameters],
    responses: { ...responses, ...noAgent, ...unreachable },
  })
  const runs = problems({
    400: 'As the agent says; its parameters are in its own /openapi.json',
    409: 'As the agent says',
    503: 'As the agent says',
    504: 'As the agent says',
  })
  const events = answer({ 'text/plain': { type: 'string' }, 'text/event-stream': { type: 'string' } })
  return openApiDocument(
    { title: 'trace-inspector', description: 'Where traces end up: received, verified, revealed' },
    {
      '/v1/traces': {
        post: {
          summary: 'Takes OTLP/HTTP',
          requestBody: { required: true, ...otlp('Spans', otlpSchema) },
          responses: {
            200: otlp('Taken, but for what it says'),
            400: otlp('The body cannot be read'),
            413: otlp('It is too large'),
            503: otlp('There is no room: see Retry-After'),
            ...problems({ 415: 'It is neither JSON nor protobuf' }),
          },
        },
      },
      '/v1/metrics': notKept('metrics'),
      '/v1/logs': notKept('logs'),
      '/files': {
        post: {
          summary: 'Opens a file of OTLP JSON lines, gzipped or not, as if its spans had been received',
          requestBody: { required: true, content: { 'application/octet-stream': { schema: fileSchema } } },
          responses: {
            ...json(),
            ...problems({
              400: 'It is another kind of file, or broken: what came before that is kept, and told as `opened`',
              403: 'A page of another site asked',
              413: 'It is too large: what came before is kept, and told as `opened`',
              415: 'It is sent as something else',
              503: 'Another file is being opened',
            }),
          },
        },
      },
      '/traces': readable({
        summary: 'Recent traces',
        parameters: queryParameters(recent),
        responses: { ...json(), ...problems({ 400: 'The query is bad' }) },
      }),
      '/traces/{trace_id}': ofTrace('All spans of a trace, as columns', { ...json(), ...noTrace }),
      '/traces/{trace_id}/spans': ofTrace(
        'Which spans a comparison holds for',
        { ...json(), ...noTrace, ...problems({ 400: 'That is no trace id, or no comparison' }) },
        queryParameters(spansSchema),
      ),
      '/traces/{trace_id}/spans/{span_id}': readable({
        summary: 'Everything about one span',
        parameters: [traceIdParameter, pathParameter('span_id', { type: 'string', minLength: 1 })],
        responses: { ...json(), ...noTrace },
      }),
      '/traces/{trace_id}/verify': ofTrace(
        'Whether everything that the run did arrived, once and unchanged',
        { ...json(), ...noLedger, ...problems({ 503: 'It stops, and not all is there' }) },
        queryParameters(wait),
      ),
      '/traces/{trace_id}/reveal': ofTrace('What is wrong in the trace, as its spans alone tell', {
        ...json(),
        ...noTrace,
      }),
      '/traces/{trace_id}/picture': ofTrace(
        'A trace as the page draws it',
        { ...json(), ...noTrace },
        queryParameters(pictureSchema),
      ),
      '/traces/{trace_id}/session': ofTrace(
        'The traces that are one session with it, and where those belong that were severed',
        { ...json(), ...noTrace },
      ),
      '/traces/{trace_id}/runs': ofTrace('The runs of the trace as their agents know them', { ...json(), ...noLedger }),
      '/traces/{trace_id}/otlp': ofTrace('The trace as OTLP JSON, odd times as they came', { ...json(), ...noTrace }),
      '/traces/{trace_id}/jaeger': ofTrace('The trace as JSON that the UI of Jaeger opens', { ...json(), ...noTrace }),
      '/traces/{trace_id}/chrome': ofTrace('The trace as Chrome trace JSON', { ...json(), ...noTrace }),
      '/traces/{trace_id}/answer': {
        post: {
          summary: 'Scores an answer; empty when nothing is wrong',
          parameters: [traceIdParameter],
          requestBody: {
            required: true,
            content: { 'application/json': { schema: z.toJSONSchema(answerSchema) } },
          },
          responses: {
            ...json(),
            ...noLedger,
            ...problems({
              403: 'A page of another site asked',
              409: 'It was answered before, or its run goes on or has no key',
              413: 'The body is too large',
              415: 'The body is encoded',
            }),
          },
        },
      },
      '/agents': readable({ summary: 'The agents that are known, and whether they are up', responses: json() }),
      '/agents/{agent}/scenarios': readable(
        relayed(
          'What can be run',
          answer({ 'application/json': { type: 'object' }, 'text/plain': { type: 'string' } }),
        ),
      ),
      '/agents/{agent}/runs': readable(relayed('Recent runs', json())),
      '/agents/{agent}/runs/{trace_id}': readable(
        relayed('The ledger of the runs of a trace', { ...json(), ...noTrace, ...sealed }, [traceIdParameter]),
      ),
      '/agents/{agent}/runs/{trace_id}/status': readable(
        relayed('Whether the runs of a trace are over', { ...json(), ...noTrace }, [traceIdParameter]),
      ),
      '/agents/{agent}/run': runnable(relayed('Runs a scenario', { ...json(), ...runs })),
      '/agents/{agent}/run/{scenario}': runnable(
        relayed('Runs a scenario by a route of its own', { ...json(), ...runs }, [
          pathParameter('scenario', { type: 'string', pattern: '^[a-z]+$' }),
        ]),
      ),
      '/agents/{agent}/stream': runnable(relayed('Streams tokens', { ...events, ...runs })),
      '/metrics': readable(metricsOperation),
      '/openapi.json': readable({ summary: 'This document', responses: json() }),
      '/': readable({
        summary: 'The page for browsers, what there is for everybody else',
        responses: answer({ 'application/json': { type: 'object' }, 'text/html': { type: 'string' } }),
      }),
      '/health': readable({ summary: 'Whether the process lives, and what it holds', responses: json() }),
      '/ready': readable({
        summary: 'Whether it takes spans',
        responses: { ...json(), ...problems({ 503: 'The process is stopping' }) },
      }),
    },
  )
}
