import { usageSchema } from './usage.ts'
import { z } from 'zod'

/**
 * How one agent hands over to another: a JSON-RPC request as the Model Context Protocol has it, POSTed to `/mcp`. The trace's
 * context travels in `params._meta` (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/#context-propagation), and beside
 * it what a receiver needs to know of the run that it takes a part of. Whoever calls by hand may leave that out.
 */
export const handoffPath = '/mcp'
export const handoffMethod = 'tools/call'
/** What agents call to hand over. */
export const handoffTool = 'transfer_to_agent'
/** In `params._meta` and `result._meta`: names of ours have a prefix, as MCP wants it. */
export const metaOfRun = 'synthetic-agents/run'

const id = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))

/** A span, in whatever trace. */
export const spanRefSchema = z.object({ trace_id: id(32), span_id: id(16) })
export type SpanRef = z.infer<typeof spanRefSchema>

/** Which part of a run another agent plays, or the same one later. */
export const partSchema = z.object({
  name: z
    .string()
    .regex(/^[a-z]+(\/[a-z0-9]+){0,4}$/)
    .meta({ description: 'The key of the step that hands it over, such as planner/handoff/1; or what goes on later' }),
  severed_from: spanRefSchema
    .optional()
    .meta({ description: 'Its true parent: the call that handed it over, whose context was lost on the way' }),
  linked_from: spanRefSchema
    .optional()
    .meta({ description: 'The call that handed it over, in a new trace on purpose: it links there' }),
  resumes: spanRefSchema
    .optional()
    .meta({ description: 'What it goes on with, in a new trace on purpose: it links there' }),
})
export type Part = z.infer<typeof partSchema>

const runMetaSchema = z.object({
  scenario: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  blind: z.boolean().default(false),
  part: partSchema,
})

export const handoffSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string().max(200), z.int()]),
  method: z.literal(handoffMethod),
  params: z.object({
    name: z.literal(handoffTool),
    arguments: z
      .object({
        agent: z.string().max(64),
        message: z.string().max(100_000),
        after_s: z.number().min(0).meta({ description: 'It is asked to begin so long after, s' }),
      })
      .partial()
      .default({}),
    _meta: z
      .object({ [metaOfRun]: runMetaSchema.optional() })
      .catchall(z.unknown())
      .default({})
      .meta({ description: 'The trace of whoever hands over, as W3C Trace Context has it: traceparent, tracestate' }),
  }),
})
export type Handoff = z.infer<typeof handoffSchema>

const counts = z.record(z.string(), z.int())

/** What the receiver says of the part that it played. */
export const handedSchema = spanRefSchema.extend({
  agent_span_id: z.string().nullable().meta({ description: 'Of the agent that took over' }),
  ok: z.boolean().meta({ description: 'Whether it reached its goal' }),
  summary: z.record(z.string(), z.number()).meta({ description: 'What it did, in the figures of a run' }),
  usage: usageSchema,
  spans: z.object({ total: z.int(), agent_app: counts, tool_service: counts }).meta({ description: 'What it left' }),
})
export type Handed = z.infer<typeof handedSchema>

export const handoffAnswerSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: handoffSchema.shape.id,
  result: z.object({
    content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
    isError: z.boolean(),
    _meta: z.object({ [metaOfRun]: handedSchema }),
  }),
})
export type HandoffAnswer = z.infer<typeof handoffAnswerSchema>
