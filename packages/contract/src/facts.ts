import { z } from 'zod'

/**
 * What a step states about itself, in words of its own: no name here is an attribute's. A dialect says how facts are written
 * on a span. They stand in the ledger as they are, so their names are those of the wire.
 */

const text = (description: string) => z.string().meta({ description })
const number = (description: string) => z.number().meta({ description })
const count = (description: string) => z.int().meta({ description })

const contentOf = (what: string) =>
  z
    .strictObject({ length: z.number(), sha256: z.string() })
    .meta({ description: `${what}: in the ledger characters, and SHA-256 of the UTF-8 text` })
/** Content is on the span as text; the ledger keeps what it takes to know it again. */
export type Content = z.infer<ReturnType<typeof contentOf>>

/** What a run was asked for, the same on every call of it: a culprit must not say that it is one. */
const asked = {
  delay_ms: number('Median latency of a tool that the run asked for, ms').optional(),
  error_rate: number('Probability of a failure that the run asked for, 0 to 1').optional(),
  payload_kb: number('How much the tool is to answer, KB').optional(),
  max_retries: count('Attempts after the first at most').optional(),
  step: count('Of a loop, from 0').optional(),
}
/** Tokens of model calls: cached and written ones are among those of the prompt, reasoning among those of the answer. */
const usage = {
  input_tokens: count('Tokens of the prompt').optional(),
  cached_tokens: count('Tokens of the prompt that were read from a cache').optional(),
  cache_write_tokens: count('Tokens of the prompt that were written to a cache').optional(),
  output_tokens: count('Tokens of the answer').optional(),
  reasoning_tokens: count('Tokens of the answer that were thought and not said').optional(),
}
const provider = text('Who runs the model, or the agent')

export const factsSchema = z.discriminatedUnion('operation', [
  z.object({
    operation: z.literal('http_server'),
    method: text('Of the request'),
    route: text('Of the request: its path, with names for what varies'),
  }),
  z.object({
    operation: z.literal('http_client'),
    method: text('Of the request'),
    url: text('All of it; it tells nothing of how the tool is to behave'),
    server_address: text('Name or address of the service that is asked'),
    server_port: count('Port of the service that is asked'),
    attempt: count('0 for the first, 1 for the first resend'),
    status: count('Of the answer; absent when there was none').optional(),
    response_bytes: count('What the tool answered, bytes; where it was asked for more than a word').optional(),
    retry_after: text('How long the tool asked to be left alone, s: as it stood in `Retry-After`').optional(),
    ...usage,
  }),
  z.object({ operation: z.literal('invoke_workflow'), workflow: text('What it is called: the scenario') }),
  z.object({
    operation: z.literal('invoke_agent'),
    agent: text('What it is called, whichever instance it is'),
    role: z.enum(['planner', 'worker']).meta({ description: 'A planner decides what others do' }),
    definition: text('The same for all instances'),
    provider,
    conversation_id: text('What the caller of the run said').optional(),
    worker_index: count('Which worker, from 0').optional(),
    queued_ms: number('How long it waited for a slot, ms').optional(),
    chain_index: count('Which link of the chain, from 0').optional(),
    chain_depth: count('Links of the chain').optional(),
    fanout: count('Workers that it hands work to').optional(),
    branches: count('Of a join').optional(),
    background_calls: count('Tool calls beside the stream').optional(),
    concurrency: count('Tool calls at the same time at most').optional(),
    max_steps: count('Tool calls of the loop at most').optional(),
    chunks: count('Chunks that are retrieved').optional(),
    total_kb: number('Of all chunks, KB').optional(),
    ...usage,
  }),
  z.object({
    operation: z.literal('chat'),
    provider,
    model: text('Which model is asked'),
    step: asked.step,
    max_tokens: count('Tokens that the answer may have').optional(),
    window: count('Tokens that the model holds, of prompt and answer').optional(),
    stream: z.boolean().optional().meta({ description: 'Whether tokens come one by one' }),
    duration_s: number('How long tokens come at least, s').optional(),
    token_interval_ms: number('Median time between two tokens that the run asked for, ms').optional(),
    first_chunk_s: number('Time to the first token, s').optional(),
    response_model: text('Which model answered').optional(),
    response_id: text('Of the answer').optional(),
    finish_reason: z.enum(['stop', 'length', 'tool_call', 'content_filter']).optional().meta({
      description:
        'Why the model ended: `stop`, `length` (no steps were left, or no tokens), `tool_call` or `content_filter`',
    }),
    ...usage,
    tool_call_id: text('Of the call that the model asked for').optional(),
    input_messages: contentOf('What the model was told').optional(),
    output_messages: contentOf('What the model said').optional(),
  }),
  z.object({
    operation: z.literal('execute_tool'),
    tool: text('What it is called'),
    call_id: text('Of the call, whatever its attempts'),
    description: text('What the tool is for').optional(),
    ...asked,
    arguments: contentOf('What the tool was given').optional(),
    result: contentOf('What the tool answered').optional(),
  }),
  z.object({
    operation: z.literal('retrieval'),
    provider,
    source: text('Where documents are from'),
    ...asked,
    documents: contentOf('Which documents, with their scores').optional(),
  }),
  z.object({
    operation: z.literal('hand_over'),
    method: text('Of MCP, by which it is asked'),
    tool: text('What stands for handing over, as a model knows it'),
    call_id: text('Of the request, which is that of the call that a model asked for'),
    server_address: text('Name or address of the agent that is asked'),
    server_port: count('Its port'),
    status: count('Of the answer; absent when there was none').optional(),
    arguments: contentOf('To whom, and what they are told').optional(),
    result: contentOf('What came back').optional(),
  }),
  z.object({
    operation: z.literal('human_feedback'),
    delay_s: number('How long the person was asked to take, s'),
    tool: text('Of the call that they are asked about').optional(),
    arguments: contentOf('What the tool is to be given once they approve').optional(),
  }),
  z.object({
    operation: z.literal('process_chunk'),
    index: count('Which chunk, from 0'),
    bytes: count('How large it is'),
    source: text('Which store it is from').optional(),
    document: text('Which text it is: the same text has the same').optional(),
    cached: z
      .boolean()
      .optional()
      .meta({ description: 'Whether it had been worked through before, and was there still' }),
    output_tokens: count('Tokens that were made of it').optional(),
    content: contentOf('Its text').optional(),
  }),
  z.object({ operation: z.literal('checkpoint'), size_kb: number('Of the state that is written away, KB') }),
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

/** The facts of an operation that are content. */
type ContentIn<Some extends Facts> = {
  [Name in keyof Some]-?: Content extends Some[Name] ? Name : never
}[keyof Some]

/** Every one of them: one that is forgotten here does not compile. */
const contentOfOperations: { [Op in Operation]: Record<ContentIn<FactsOf<Op>>, true> } = {
  http_server: {},
  http_client: {},
  invoke_workflow: {},
  invoke_agent: {},
  chat: { input_messages: true, output_messages: true },
  execute_tool: { arguments: true, result: true },
  retrieval: { documents: true },
  hand_over: { arguments: true, result: true },
  human_feedback: { arguments: true },
  process_chunk: { content: true },
  checkpoint: {},
}
const contentNames = new Map<string, readonly string[]>(
  Object.entries(contentOfOperations).map(([operation, names]) => [operation, Object.keys(names)]),
)
const none: readonly string[] = []

/** Names of the facts that are content. */
export const contentFacts: ReadonlySet<string> = new Set([...contentNames.values()].flat())

/** Those of an operation: most have none. */
export function contentFactsOf(operation: Operation): readonly string[] {
  return contentNames.get(operation) ?? none
}

const at = { time_ms: z.number() }
const tokens = { tokens: count('Tokens that had come by then') }
const next = { next_ms: number('How long after it the next token came, ms').optional() }

/** Something that happened while a step ran. */
export const eventSchema = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('retry'),
    ...at,
    attempt: count('The attempt that comes next'),
    delay_ms: number('How long it is waited for, ms'),
    asked_ms: number('How long the tool asked for, where that was more than the run waits, ms').optional(),
  }),
  z.object({ name: z.literal('paused'), ...at }),
  z.object({
    name: z.literal('resumed'),
    ...at,
    outcome: z.enum(['approve', 'reject', 'expire']).meta({ description: 'What the person decided' }),
  }),
  z.object({ name: z.literal('first_token'), ...at, tokens: tokens.tokens.optional() }),
  z.object({ name: z.literal('background_started'), ...at, ...tokens, ...next }),
  z.object({ name: z.literal('background_ended'), ...at, ...tokens, ...next }),
  z.object({ name: z.literal('stall'), ...at, ...tokens, gap_ms: number('How long no token came, ms') }),
  z.object({ name: z.literal('last_token'), ...at, ...tokens }),
])
export type StepEvent = z.infer<typeof eventSchema>
export type EventOf<Name extends StepEvent['name']> = Extract<StepEvent, { name: Name }>

/** What facts can be written in. */
export const dialectNames = ['gen-ai', 'gen-ai-blind'] as const
export type DialectName = (typeof dialectNames)[number]

/** What every step of a run says of it. */
export type RunFacts = { workflow: string; scenario: string }
