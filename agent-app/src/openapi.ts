import { runParametersHeader } from 'contract/run-parameters'
import type { Catalog, Offer } from 'engine/catalog'
import { ownPathOf } from 'engine/catalog'
import { answerSchema } from 'contract/answer'
import { handoffAnswerSchema, handoffPath, handoffSchema } from 'contract/handoff'
import { keyAnswerJsonSchema } from 'contract/key'
import { ledgerJsonSchema } from 'contract/ledger'
import { usageJsonSchema } from 'contract/usage'
import {
  answer,
  json,
  metricsOperation,
  type JsonSchema,
  openApiDocument,
  problems,
  queryParameters,
  readable,
  runnable,
  traceIdParameter,
  writtenProperties,
} from 'service-kit/openapi'
import { z } from 'zod'

const refused = problems({
  400: 'A value is not what it is to be: `errors` has all that are wrong',
  409: 'Each value is well, together they are not: `errors` says why; or a blind run would join a trace that has been answered',
  503: 'Too many runs, or the process is stopping: see Retry-After',
})
/** https://www.rfc-editor.org/rfc/rfc7240#section-4.1 */
const prefer = {
  name: 'Prefer',
  in: 'header',
  description: 'respond-async: to be told at once where to ask for the run, rather than to wait for its end',
  schema: { type: 'string' },
}
const openAnswer = {
  type: 'object',
  required: ['ok', 'scenario', 'trace_id', 'seed', 'params', 'replay', 'summary', 'usage', 'key', 'spans'],
  properties: { key: keyAnswerJsonSchema, usage: usageJsonSchema },
}
const blindAnswer = {
  type: 'object',
  title: 'Of a blind run',
  required: ['trace_id', 'ok', 'key_sha256'],
  properties: {
    trace_id: { type: 'string' },
    ok: { type: 'boolean' },
    key_sha256: {
      const: 'pending',
      description:
        'The SHA-256 of the canonical JSON of its key and a salt is in the 423 of its ledger, from ten seconds after the first question on',
    },
  },
  additionalProperties: false,
}
const runEnds = {
  202: { description: 'It runs: Location says where to ask for it, as respond-async preferred' },
  ...json({ oneOf: [openAnswer, blindAnswer] }),
  ...refused,
  ...problems({ 502: 'There is no tool-service', 504: 'The run took longer than RUN_TIMEOUT_S' }),
}
const noRun = problems({ 400: 'That is no trace id, or no answer', 404: 'There is no such run here' })
const streamEnds = {
  ...answer({ 'text/plain': { type: 'string' }, 'text/event-stream': { type: 'string' } }, 'Lines, or events'),
  ...refused,
}

/** As a part of another schema. */
function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return rest
}

/**
 * The query of `/run` as one object: which parameters there are depends on the scenario that is named, and form style writes
 * each property of an object as a parameter.
 */
function runQuery(offers: readonly Offer[]) {
  const variants = offers.map(({ scenario: { name, description }, schema }): JsonSchema => {
    const isPreset = name === 'fanout'
    return {
      type: 'object',
      title: name,
      description,
      properties: {
        scenario: isPreset ? { enum: [name, ''], default: name } : { const: name },
        ...Object.fromEntries(writtenProperties(schema)),
      },
      ...(!isPreset && { required: ['scenario'] }),
      additionalProperties: false,
    }
  })
  return { name: 'parameters', in: 'query', style: 'form', explode: true, schema: { type: 'object', oneOf: variants } }
}

/** The header that takes what a query takes. */
const headerParameter = {
  name: runParametersHeader,
  in: 'header',
  description:
    'Parameters, written as a query string, that are to stand on no span; none of them may be in the query too. `blind=true` makes the run blind: all of its parameters stand here then, `scenario` among them, and it answers trace_id, ok and the hash of its key alone',
  schema: { type: 'string' },
}

/** The HTTP API as OpenAPI 3.1, read off the catalog. */
export function openApi(catalog: Catalog) {
  const runs = catalog.offers.filter(({ scenario }) => scenario.path === '/run')
  const scenarioPaths = catalog.offers.map(({ scenario, schema }) => [
    ownPathOf(scenario),
    runnable({
      summary: scenario.description,
      parameters: [...queryParameters(schema), headerParameter, ...(scenario.path === '/stream' ? [] : [prefer])],
      responses: scenario.path === '/stream' ? streamEnds : runEnds,
    }),
  ])
  return openApiDocument(
    { title: 'agent-app', description: 'Simulated agents that leave real traces' },
    {
      '/run': runnable({
        summary: 'Runs a scenario; fanout unless another is named',
        parameters: [runQuery(runs), headerParameter, prefer],
        responses: { ...runEnds, ...problems({ 404: 'There is no such scenario' }) },
      }),
      ...Object.fromEntries(scenarioPaths),
      '/runs': readable({ summary: 'Recent runs; of those that are sealed, that they are there', responses: json() }),
      '/runs/{trace_id}': readable({
        summary: 'The ledger of the runs of a trace',
        parameters: [traceIdParameter],
        responses: {
          ...json(ledgerJsonSchema),
          ...noRun,
          ...problems({ 423: 'It is sealed, until it has been answered' }),
        },
      }),
      '/runs/{trace_id}/status': readable({
        summary: 'Whether the runs of a trace are over, with the answers of those that were not waited for',
        parameters: [traceIdParameter],
        responses: {
          ...json({ type: 'object', required: ['trace_id', 'answered', 'state', 'runs'] }),
          ...problems({ 400: 'That is no trace id', 404: 'There is no such run here' }),
        },
      }),
      [handoffPath]: {
        post: {
          summary: 'Takes over from another agent, by JSON-RPC as MCP has it: a part of a run that it has begun',
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(handoffSchema) } },
          },
          responses: {
            ...json(schemaOf(handoffAnswerSchema)),
            ...refused,
            ...problems({
              403: 'A page of another site asked',
              404: 'There is no such scenario, or the run has no such part',
              413: 'The body is too large',
              415: 'The body is encoded',
              502: 'There is no tool-service',
              504: 'The run took longer than RUN_TIMEOUT_S',
            }),
          },
        },
      },
      '/metrics': readable(metricsOperation),
      '/runs/{trace_id}/answer': {
        post: {
          summary: 'Takes the one answer to a trace, which opens it where it is sealed, and gives its ledger',
          parameters: [traceIdParameter],
          requestBody: { required: true, content: { 'application/json': { schema: z.toJSONSchema(answerSchema) } } },
          responses: {
            ...json(ledgerJsonSchema),
            ...noRun,
            ...problems({
              403: 'A page of another site asked',
              409: 'It has been answered, or goes on',
              413: 'The body is too large',
              415: 'The body is encoded',
            }),
          },
        },
      },
      '/scenarios': readable({
        summary: 'What can be run, with every parameter; as text for shells',
        responses: answer({ 'application/json': { type: 'object' }, 'text/plain': { type: 'string' } }),
      }),
      '/telemetry': readable({ summary: 'What happened to the spans of this process', responses: json() }),
      '/openapi.json': readable({ summary: 'This document', responses: json() }),
      '/': readable({ summary: 'What there is', responses: json() }),
      '/health': readable({ summary: 'Whether the process lives', responses: json() }),
      '/ready': readable({
        summary: 'Whether it takes runs',
        responses: { ...json(), ...problems({ 503: 'There is no tool-service, or the process is stopping' }) },
      }),
    },
  )
}
