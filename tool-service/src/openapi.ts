import { behaviorHeader } from 'contract/tool'
import { argumentsExpected } from 'contract/toolbox'
import {
  answer,
  json,
  metricsOperation,
  openApiDocument,
  pathParameter,
  problems,
  queryParameters,
  readable,
  runnable,
} from 'service-kit/openapi'
import type { z } from 'zod'

/** Letters of a tool's name at most. */
export const longestToolName = 128

/** A tool as `GET /tools` has it, as the GenAI conventions write one. */
const definitionSchema = {
  type: 'object',
  required: ['type', 'name', 'description', 'parameters'],
  properties: {
    type: { const: 'function' },
    name: { type: 'string' },
    description: { type: 'string' },
    parameters: { type: 'object' },
  },
}

/** The HTTP API as OpenAPI 3.1, read off the schema of a tool's behaviour. */
export function openApi(behavior: z.ZodObject) {
  return openApiDocument(
    { title: 'tool-service', description: 'Simulated tools, as slow and as broken as a call asks' },
    {
      '/tool/{tool_name}': runnable({
        summary: 'Plays a tool',
        description: `The header ${behaviorHeader} takes the same as the query, written as one; it wins.`,
        parameters: [
          pathParameter('tool_name', { type: 'string', minLength: 1, maxLength: longestToolName }),
          ...queryParameters(behavior.omit({ arguments: true })),
          {
            name: 'arguments',
            in: 'query',
            description: `What the tool is asked: ${argumentsExpected}; something plausible unless given`,
            content: { 'application/json': { schema: { type: 'object' } } },
          },
        ],
        responses: {
          ...answer({
            'application/json': {
              type: 'object',
              required: ['tool', 'delay_ms', 'ok', 'result', 'payload', 'service'],
            },
            'text/plain': { type: 'string' },
          }),
          ...problems({
            400: 'A value is not what it is to be: `errors` has all that are wrong',
            404: 'With `strict`: there is no such tool',
            422: 'With `strict`: the schema of the tool does not take these arguments',
            429: 'The tool has no capacity left, and its queue is full',
            503: 'The tool failed, as it was asked to, or the process is stopping',
            '4XX': 'The tool failed with the `status` that it was asked for',
            '5XX': 'The tool failed with the `status` that it was asked for',
          }),
        },
      }),
      '/tools': readable({
        summary: 'The tools that there are, each with the JSON Schema of its arguments',
        responses: json({
          type: 'object',
          required: ['tools'],
          properties: { tools: { type: 'array', items: definitionSchema } },
        }),
      }),
      '/telemetry': readable({ summary: 'What happened to the spans of this process', responses: json() }),
      '/metrics': readable(metricsOperation),
      '/openapi.json': readable({ summary: 'This document', responses: json() }),
      '/health': readable({ summary: 'Whether the process lives', responses: json() }),
    },
  )
}
