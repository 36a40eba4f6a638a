import { z } from 'zod'

/**
 * What a step states about itself, in words of its own: no name here is an attribute's. A dialect says how facts are written
 * on a span. They stand in the ledger as they are, so their names are those of the wire.
 */

const optional = {
  text: z.string().optional(),
  number: z.number().optional(),
  count: z.int().optional(),
}

/** Content is on the span as text; the ledger keeps what it takes to know it again. */
const content = z
  .strictObject({ length: z.number(), sha256: z.string() })
  .meta({ description: 'Of content: characters, and SHA-256 of the UTF-8 text' })
export type Content = z.infer<typeof content>

/** What a run was asked for, the same on every call of it: a culprit must not say that it is one. */
const asked = {
  delay_ms: z.number(),
  error_rate: z.number(),
  payload_kb: optional.number,
  max_retries: optional.count,
  step: optional.count.meta({ description: 'Of a loop, from 0' }),
}

export const factsSchema = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('http_server'), method: z.string(), route: z.string() }),
  z.object({
    operation: z.literal('http_client'),
    method: z.string(),
    url: z.string(),
    server_address: z.string(),
    server_port: z.int(),
    attempt: z.int().meta({ description: '0 for the first, 1 for the first resend' }),
    status: optional.count.meta({ description: 'Of the answer; absent when there was none' }),
  }),
  z.object({ operation: z.literal('invoke_workflow'), workflow: z.string() }),
  z.object({
    operation: z.literal('invoke_agent'),
    agent: z.string(),
    role: z.enum(['planner', 'worker']).meta({ description: 'A planner decides what others do' }),
    definition: z.string().meta({ description: 'The same for all instances' }),
    provider: z.string(),
    conversation_id: optional.text,
    worker_index: optional.count,
    queued_ms: optional.number.meta({ description: 'How long it waited for a slot' }),
    chain_index: optional.count,
    chain_depth: optional.count,
    fanout: optional.count,
    branches: optional.count.meta({ description: 'Of a join' }),
    background_calls: optional.count,
    concurrency: optional.count,
    max_steps: optional.count,
    chunks: optional.count,
    total_kb: optional.number,
  }),
  z.object({
    operation: z.literal('chat'),
    provider: z.string(),
    model: z.string(),
    step: asked.step,
    stream: z.boolean().optional(),
    duration_s: optional.number.meta({ description: 'How long tokens come at least' }),
    token_interval_ms: optional.number,
    first_chunk_s: optional.number.meta({ description: 'Time to the first token' }),
    response_model: optional.text,
    response_id: optional.text,
    finish_reason: z.enum(['stop', 'length', 'tool_call']).optional(),
    input_tokens: optional.count,
    output_tokens: optional.count,
    tool_call_id: optional.text.meta({ description: 'Of the call that the model asked for' }),
    input_messages: content.optional(),
    output_messages: content.optional(),
  }),
  z.object({
    operation: z.literal('execute_tool'),
    tool: z.string(),
    call_id: z.string(),
    description: optional.text,
    ...asked,
    arguments: content.optional(),
    result: content.optional(),
  }),
  z.object({
    operation: z.literal('retrieval'),
    provider: z.string(),
    source: z.string(),
    ...asked,
    documents: content.optional(),
  }),
  z.object({ operation: z.literal('human_feedback'), delay_s: z.number() }),
  z.object({
    operation: z.literal('process_chunk'),
    index: z.int(),
    bytes: z.int(),
    content: content.optional(),
  }),
  z.object({ operation: z.literal('checkpoint'), size_kb: z.number() }),
])

export type Facts = z.infer<typeof factsSchema>
export type Operation = Facts['operation']
export type FactsOf<Op extends Operation> = Extract<Facts, { operation: Op }>

/** Facts as an operation states them: content is text. */
export type Stated<Some extends Facts = Facts> = Some extends Facts
  ? { [Name in keyof Some]: Some[Name] extends Content | undefined ? string | undefined : Some[Name] }
  : never

type NameIn<Union> = Union extends unknown ? keyof Union : never
type ValueIn<Union, Name> = Union extends unknown ? (Name extends keyof Union ? Union[Name] : never) : never

/** Facts of whatever operation, each there or not: what can be read of a span. */
export type SomeFacts = { readonly [Name in NameIn<Facts>]?: ValueIn<Facts, Name> | undefined }

/** Names of the facts that are content. */
export const contentFacts: ReadonlySet<string> = new Set([
  'input_messages',
  'output_messages',
  'arguments',
  'result',
  'documents',
  'content',
] satisfies NameIn<Facts>[])

const at = { time_ms: z.number() }
const tokens = { tokens: z.int().meta({ description: 'That had come by then' }) }

/** Something that happened while a step ran. */
export const eventSchema = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('retry'),
    ...at,
    attempt: z.int(),
    delay_ms: z.number(),
    asked_ms: optional.number.meta({ description: 'For how long the tool asked, where that was longer' }),
  }),
  z.object({ name: z.literal('paused'), ...at }),
  z.object({ name: z.literal('resumed'), ...at, outcome: z.enum(['approve', 'reject', 'expire']) }),
  z.object({ name: z.literal('first_token'), ...at }),
  z.object({ name: z.literal('background_started'), ...at, ...tokens }),
  z.object({ name: z.literal('background_ended'), ...at, ...tokens }),
  z.object({ name: z.literal('stall'), ...at, ...tokens, gap_ms: z.number() }),
  z.object({ name: z.literal('last_token'), ...at, ...tokens }),
])
export type StepEvent = z.infer<typeof eventSchema>
export type EventOf<Name extends StepEvent['name']> = Extract<StepEvent, { name: Name }>

/** What facts can be written in. */
export const dialectNames = ['gen-ai'] as const
export type DialectName = (typeof dialectNames)[number]

/** What every step of a run says of it. */
export type RunFacts = { workflow: string; scenario: string }
