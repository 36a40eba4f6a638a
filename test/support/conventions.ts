import { z } from 'zod'
import type { ReceivedSpan } from './receiver.ts'

const text = z.string().min(1)
const count = z.int().min(0)
const words = z.array(text)
const ati = { 'ati.agent.id': text, 'ati.workflow': text, 'ati.scenario': text }

/** A text part or a tool call of a message: https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai (gen-ai-*-messages.json) */
const part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), content: z.string() }),
  z.strictObject({ type: z.literal('tool_call'), id: text, name: text, arguments: z.unknown() }),
  z.strictObject({ type: z.literal('tool_call_response'), id: text, response: z.unknown() }),
])
const json = (schema: z.ZodType) =>
  z.string().refine((value) => schema.safeParse(JSON.parse(value)).success, {
    error: 'not valid against the schema of messages',
  })
const inputMessages = json(
  z
    .array(z.strictObject({ role: z.enum(['user', 'assistant', 'tool', 'system']), parts: z.array(part).min(1) }))
    .min(1),
)
const outputMessages = json(
  z
    .array(
      z.strictObject({
        role: z.literal('assistant'),
        parts: z.array(part).min(1),
        finish_reason: z.enum(['stop', 'length', 'tool_call', 'content_filter', 'error']),
      }),
    )
    .min(1),
)

interface Convention {
  kind: ReceivedSpan['kind']
  required: Record<string, z.ZodType>
  optional?: Record<string, z.ZodType>
}

const toolAsked = { 'ati.tool.name': text, 'ati.tool.delay_ms': z.number(), 'ati.tool.error_rate': z.number() }
const toolOptional = { 'ati.tool.payload_kb': z.number(), 'ati.retry.max': count, 'ati.step': count }

/** What conventions.md says of each operation, as a table; the first whose pattern fits the span's name holds. */
const conventions: [RegExp, Convention][] = [
  [
    /^invoke_workflow \w+$/,
    {
      kind: 'internal',
      required: {
        ...ati,
        'gen_ai.operation.name': z.literal('invoke_workflow'),
        'gen_ai.workflow.name': text,
        'openinference.span.kind': z.literal('CHAIN'),
        'ati.span.kind': z.literal('workflow'),
      },
    },
  ],
  [
    /^invoke_agent \w+$/,
    {
      kind: 'internal',
      required: {
        ...ati,
        'gen_ai.operation.name': z.literal('invoke_agent'),
        'gen_ai.provider.name': text,
        'gen_ai.agent.name': text,
        'gen_ai.agent.id': z.string().regex(/^\w+:v1$/),
        'ati.span.kind': z.enum(['planner', 'worker']),
      },
      optional: {
        'gen_ai.conversation.id': text,
        'ati.worker.index': count,
        'ati.worker.queued_ms': z.number().min(0),
        'ati.chain.index': count,
        'ati.chain.depth': count,
        'ati.fanout': count,
        'ati.concurrency': count,
        'ati.dag.fanout': count,
        'ati.react.max_steps': count,
        'ati.rag.chunks': count,
        'ati.rag.total_kb': count,
        'ati.bg.fanout': count,
      },
    },
  ],
  [
    /^chat synthetic-llm-1$/,
    {
      kind: 'client',
      required: {
        ...ati,
        'gen_ai.operation.name': z.literal('chat'),
        'gen_ai.provider.name': text,
        'gen_ai.request.model': z.literal('synthetic-llm-1'),
        'gen_ai.response.model': z.literal('synthetic-llm-1'),
        'gen_ai.response.id': text,
        'gen_ai.response.finish_reasons': words,
        'gen_ai.usage.input_tokens': count,
        'gen_ai.usage.output_tokens': count,
        'gen_ai.input.messages': inputMessages,
        'gen_ai.output.messages': outputMessages,
        'ati.span.kind': z.enum(['generation', 'token_stream']),
      },
      optional: {
        'gen_ai.usage.cache_read.input_tokens': count,
        'gen_ai.usage.cache_creation.input_tokens': count,
        'gen_ai.usage.reasoning.output_tokens': count,
        'ati.tool.call.id': text,
        'ati.step': count,
        'gen_ai.request.max_tokens': count,
        'ati.context.window': count,
        'gen_ai.request.stream': z.literal(true),
        'gen_ai.response.time_to_first_chunk': z.number().min(0).max(60),
        'ati.stream.duration_s': z.number(),
        'ati.stream.token_interval_ms': z.number(),
      },
    },
  ],
  [
    /^execute_tool \w+$/,
    {
      kind: 'internal',
      required: {
        ...ati,
        ...toolAsked,
        'gen_ai.operation.name': z.literal('execute_tool'),
        'gen_ai.tool.name': text,
        'gen_ai.tool.call.id': text,
        'gen_ai.tool.type': z.literal('function'),
        'gen_ai.tool.call.arguments': json(z.looseObject({})),
        'ati.span.kind': z.literal('tool_call'),
      },
      optional: {
        ...toolOptional,
        'gen_ai.tool.description': text,
        'gen_ai.tool.call.result': json(z.looseObject({})),
      },
    },
  ],
  [
    /^tools\/call transfer_to_agent$/,
    {
      kind: 'client',
      required: {
        ...ati,
        'gen_ai.operation.name': z.literal('execute_tool'),
        'gen_ai.tool.name': text,
        'gen_ai.tool.call.id': text,
        'gen_ai.tool.call.arguments': json(z.looseObject({})),
        'mcp.method.name': z.literal('tools/call'),
        'jsonrpc.request.id': text,
        'network.transport': z.literal('tcp'),
        'server.address': text,
        'server.port': count,
        'ati.tool.name': text,
        'ati.span.kind': z.literal('tool_call'),
      },
      optional: { 'gen_ai.tool.call.result': json(z.looseObject({})), 'http.response.status_code': count },
    },
  ],
  [
    /^retrieval knowledge_base$/,
    {
      kind: 'client',
      required: {
        ...ati,
        ...toolAsked,
        'gen_ai.operation.name': z.literal('retrieval'),
        'gen_ai.provider.name': text,
        'gen_ai.data_source.id': z.literal('knowledge_base'),
        'openinference.span.kind': z.literal('RETRIEVER'),
        'ati.span.kind': z.literal('tool_call'),
      },
      optional: {
        ...toolOptional,
        'gen_ai.retrieval.documents': json(z.array(z.strictObject({ id: text, score: z.number() }))),
      },
    },
  ],
  [
    /^checkpoint$/,
    {
      kind: 'internal',
      required: { ...ati, 'ati.span.kind': z.literal('checkpoint'), 'ati.checkpoint.size_kb': z.literal(64) },
    },
  ],
  [
    /^human_feedback$/,
    {
      kind: 'internal',
      required: { ...ati, 'ati.span.kind': z.literal('interactive'), 'ati.human.delay_s': z.number() },
    },
  ],
  [
    /^process_chunk$/,
    {
      kind: 'internal',
      required: {
        ...ati,
        'ati.span.kind': z.literal('internal'),
        'ati.rag.chunk.index': count,
        'ati.rag.chunk.bytes': count,
      },
      optional: { 'ati.rag.chunk.content': text },
    },
  ],
  [
    /^GET$/,
    {
      kind: 'client',
      required: {
        'http.request.method': z.literal('GET'),
        'url.full': z.string().regex(/^http:\/\/127\.0\.0\.1:\d+\/tool\/\w+$/),
        'server.address': text,
        'server.port': count,
        'http.response.status_code': count,
      },
      optional: { 'http.request.resend_count': z.int().min(1), 'http.response.body.size': count },
    },
  ],
  [
    /^POST$/,
    {
      kind: 'client',
      required: {
        'http.request.method': z.literal('POST'),
        'url.full': z.literal('https://models.example/v1/chat'),
        'server.address': z.literal('models.example'),
        'server.port': z.literal(443),
      },
      optional: {
        'http.request.resend_count': z.int().min(1),
        'http.response.status_code': count,
        'http.response.header.retry-after': words,
      },
    },
  ],
  [
    /^(GET \/(run|stream|tool\/:tool_name)|POST \/mcp)$/,
    {
      kind: 'server',
      required: {
        'http.request.method': z.enum(['GET', 'POST']),
        'http.route': z.enum(['/run', '/stream', '/mcp', '/tool/:tool_name']),
        'http.response.status_code': count,
        'url.scheme': z.literal('http'),
        'url.path': z.string().regex(/^\/(run|stream|mcp|tool\/\w+)$/),
        'server.address': z.literal('127.0.0.1'),
        'server.port': count,
        'client.address': z.literal('127.0.0.1'),
        'network.protocol.version': z.literal('1.1'),
      },
      optional: { 'url.query': text, 'user_agent.original': text },
    },
  ],
]

/** What is wrong with a span by the conventions: nothing missing, nothing of another type, nothing that is not named there. */
export function faultsOf(span: ReceivedSpan): string[] {
  const faults: string[] = []
  const check = (name: string, schema: z.ZodType) => {
    const result = schema.safeParse(span.attributes[name])
    if (!result.success)
      faults.push(
        `${span.name}: ${name} = ${JSON.stringify(span.attributes[name])}: ${result.error.issues[0]?.message}`,
      )
  }
  // UNSET on success, never OK; ERROR always says of what type.
  if ((span.status === 'error') !== (span.attributes['error.type'] !== undefined))
    faults.push(`${span.name}: status ${span.status} with error.type ${String(span.attributes['error.type'])}`)
  const convention = conventions.find(([pattern]) => pattern.test(span.name))?.[1]
  if (!convention) return [`${span.name} is in no convention`]
  if (span.kind !== convention.kind) faults.push(`${span.name} is ${span.kind}`)
  const isFailed = span.status === 'error'
  for (const [name, schema] of Object.entries(convention.required)) check(name, schema)
  for (const name of Object.keys(span.attributes)) {
    if (name in convention.required || (name === 'error.type' && isFailed)) continue
    const schema = convention.optional?.[name]
    if (schema) check(name, schema)
    else faults.push(`${span.name} has ${name}`)
  }
  return faults
}
