import { z } from 'zod'

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Record<string, unknown>
type Responses = Record<number, { description: string; content?: object }>

/** One method of a path. */
export interface Operation {
  summary: string
  description?: string
  parameters?: object[]
  requestBody?: object
  responses: Responses
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', required: ['parameter', 'expected'], properties: { parameter: { type: 'string' } } },
    },
  },
}

/** Answers that are problems (RFC 9457): status, or a range such as `4XX`, → when. */
export function problems(when: Record<number | `${number}XX`, string>): Responses {
  const content = { 'application/problem+json': { schema: problemSchema } }
  return Object.fromEntries(Object.entries(when).map(([status, description]) => [status, { description, content }]))
}

/** The 200 of an operation, in one or several media types. */
export function answer(schemas: Record<string, JsonSchema>, description = 'OK'): Responses {
  const content = Object.entries(schemas).map(([type, schema]) => [type, { schema }])
  return { 200: { description, content: Object.fromEntries(content) } }
}

/** A 200 in JSON. */
export const json = (schema: JsonSchema = { type: 'object' }) => answer({ 'application/json': schema })

/** `GET /metrics` of every service. */
export const metricsOperation: Operation = {
  summary: 'What it counts, and the process itself, in Prometheus text',
  responses: answer({ 'text/plain': { type: 'string' } }),
}

const empty = { const: '', description: 'As if it were not there' }

/** The properties of an object of scalars as text may write them: an empty value counts as absent, 1 and 0 are yes and no. */
export function writtenProperties(schema: z.ZodObject): [name: string, schema: JsonSchema][] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' })
  return Object.entries(properties).map(([name, property]) => {
    const { description, default: preset, ...rest } = property as JsonSchema
    const written = rest.type === 'boolean' ? [rest, { enum: ['1', '0'] }, empty] : [rest, empty]
    return [name, { anyOf: written, ...(preset !== undefined && { default: preset }), description }]
  })
}

/** A query that is an object of scalars, a parameter each. */
export function queryParameters(schema: z.ZodObject): object[] {
  return writtenProperties(schema).map(([name, { description, ...property }]) => ({
    name,
    in: 'query',
    description,
    schema: property,
  }))
}

/** A part of a path. */
export const pathParameter = (name: string, schema: JsonSchema) => ({ name, in: 'path', required: true, schema })

export const traceIdParameter = pathParameter('trace_id', { type: 'string', pattern: '^[0-9a-f]{32}$' })

/** What is safe to ask: GET, and HEAD with the same answers but for their bodies. */
export function readable(operation: Operation): { get: Operation; head: Operation } {
  return { get: operation, head: { ...operation, responses: bare(operation.responses) } }
}

/** What runs something: GET alone, and from no page of another site. */
export function runnable(operation: Operation): { get: Operation } {
  const responses = { ...operation.responses, ...problems({ 403: 'A page of another site asked' }) }
  return { get: { ...operation, responses } }
}

/** An API as OpenAPI 3.1; answers that any request may get are added. */
export function openApiDocument(
  info: { title: string; description: string },
  paths: Record<string, Partial<Record<'get' | 'head' | 'post', Operation>>>,
) {
  const always = problems({ 421: 'Host is no name of this service', 431: 'URL and headers are too large' })
  const withAlways = Object.entries(paths).map(([path, operations]) => {
    const entries = Object.entries(operations).map(([method, operation]) => {
      const responses = { ...operation.responses, ...(method === 'head' ? bare(always) : always) }
      return [method, { ...operation, responses }]
    })
    return [path, Object.fromEntries(entries)]
  })
  return { openapi: '3.1.0', info: { version: '0.1.0', ...info }, paths: Object.fromEntries(withAlways) }
}

/** Answers without their bodies. */
function bare(responses: Responses): Responses {
  return Object.fromEntries(Object.entries(responses).map(([status, { description }]) => [status, { description }]))
}
