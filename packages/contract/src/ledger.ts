import { z } from 'zod'
import { faultKinds } from './faults.ts'
import { dialectNames, eventSchema, factsSchema } from './facts.ts'
import { keyAnswerSchema } from './key.ts'
import { partSchema, spanRefSchema } from './handoff.ts'
import { quirkNames } from './quirks.ts'
import { usageSchema } from './usage.ts'

/**
 * What a run did, as the run itself knows it: nothing here was asked of the SDK. It is a flat list, because a chain 5,000
 * deep would overflow whoever parses a nested one. Times are milliseconds since the epoch, with fraction.
 */
export const ledgerSchemaVersion = 2

export const ledgerStepSchema = z.object({
  id: z.int().meta({ description: 'Order of start within the run' }),
  parent_id: z.int().nullable(),
  key: z.string().meta({ description: 'What the step is in every replay, such as worker/7/call' }),
  agent_id: z.string().nullable(),
  depends_on: z.array(z.int()).meta({ description: 'Of a join: the steps it waited for, and links to' }),
  span_id: z
    .string()
    .nullable()
    .meta({ description: 'null for a SERVER span of another service: its parent tells it' }),
  remote_parent_span_id: z
    .string()
    .nullable()
    .meta({ description: 'The parent that the caller of the run sent, if any' }),
  service: z.string(),
  facts: factsSchema.meta({ description: "What the step says of itself; the run's dialect writes it on the span" }),
  events: z.array(eventSchema),
  status: z.enum(['unset', 'error']),
  error_type: z.string().nullable(),
  status_message: z.string().meta({ description: 'As written on the span; empty where it did not fail' }),
  start_ms: z.number(),
  duration_ms: z.number().nullable().meta({ description: 'null while the step runs' }),
  injected: z
    .object({
      drawn_ms: z.number().optional().meta({ description: 'How long the step was made to take' }),
      queued_ms: z.number().optional().meta({ description: 'How long it was kept waiting for its turn before that' }),
      fault: z.enum(faultKinds).optional(),
    })
    .nullable(),
  tool: z
    .object({ delay_ms: z.number(), ok: z.boolean(), payload_bytes: z.int() })
    .nullable()
    .meta({ description: 'What the tool said that it did' }),
  links: z
    .array(spanRefSchema)
    .optional()
    .meta({ description: 'Spans of other traces that its span links to: what it goes on with' }),
  handed_over: spanRefSchema
    .extend({
      agent_span_id: z.string().nullable(),
      in_trace: z.boolean().meta({ description: 'false: its context was lost on the way' }),
    })
    .optional()
    .meta({ description: 'Of a hand-over: the request that took over, as the receiver said, and the agent that did' }),
})
export type LedgerStep = z.infer<typeof ledgerStepSchema>

/** The ledger of one run, as `GET /runs/:trace_id` gives it. */
export const runLedgerSchema = z.object({
  trace_id: z.string(),
  scenario: z.string(),
  workflow: z.string(),
  seed: z.string().meta({ description: 'Of all draws; of a blind run, the keyed one' }),
  blind: z.boolean().optional().meta({ description: 'Its spans say nothing of what was asked for' }),
  key_salt: z
    .string()
    .optional()
    .meta({ description: 'Of a blind run: the hash that its answer told is of the canonical JSON of { key, salt }' }),
  sealed: z.boolean().optional().meta({ description: 'Nobody has answered it yet' }),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  replay: z
    .string()
    .meta({ description: 'The path that repeats the run; of a part, the whole run that it is a part of' }),
  service: z.string(),
  dialect: z.enum(dialectNames).meta({ description: 'How its facts are written on spans' }),
  quirks: z.array(z.enum(quirkNames)).optional().meta({ description: 'And with which of its quirks' }),
  conversation_id: z.string().optional().meta({ description: 'What joins it to others, where something does' }),
  part: partSchema.optional().meta({ description: 'Of a run that another is the begin of: which part it is' }),
  resumed_in: z
    .string()
    .optional()
    .meta({ description: 'The trace in which it went on, once a person had answered; empty until then' }),
  sampled: z.boolean().meta({ description: 'false: nothing is expected to arrive' }),
  state: z.enum(['running', 'closed']),
  ok: z.boolean().nullable().meta({
    description: 'Whether the agent reached its goal; null while it runs, and when it could not come to its end',
  }),
  started_ms: z.number(),
  trace_state: z.string().meta({ description: 'The W3C tracestate that its caller sent, if any' }),
  age_ms: z.number().meta({ description: 'Since it started, when this was answered: clocks may disagree' }),
  finding: z.unknown().meta({ description: 'As in the answer of /run; null before there is one' }),
  key: keyAnswerSchema
    .default(null)
    .meta({ description: 'As in the answer of /run; in a file only where it was asked for' }),
  usage: usageSchema
    .nullable()
    .default(null)
    .meta({ description: 'As in the answer of /run, but for what parts used that others played; null before its end' }),
  steps: z.array(ledgerStepSchema),
})
export type RunLedger = z.infer<typeof runLedgerSchema>

const attributes = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))

/** What the spans that one process makes for its runs have in common, and where they go. */
export const senderSchema = z.object({
  service: z.string(),
  scope: z.object({ name: z.string(), version: z.string() }).meta({ description: 'Of all spans but SERVER spans' }),
  resource: attributes.nullable().meta({ description: 'On all spans; null while that is not known' }),
  destinations: z.array(
    z.object({
      endpoint: z.string(),
      queued: z.int().meta({ description: 'Spans of these runs that may still wait to be sent, at most' }),
    }),
  ),
})
export type Sender = z.infer<typeof senderSchema>

export const ledgerAnswerSchema = z.object({
  schema_version: z.literal(ledgerSchemaVersion),
  trace_id: z.string(),
  runs: z.array(runLedgerSchema),
  senders: z.array(senderSchema),
})
export type LedgerAnswer = z.infer<typeof ledgerAnswerSchema>

/** The same as JSON Schema. */
export const ledgerJsonSchema = z.toJSONSchema(ledgerAnswerSchema)
