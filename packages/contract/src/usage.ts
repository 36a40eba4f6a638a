import { z } from 'zod'

const tokens = (description: string) => z.int().min(0).meta({ description })

/** What calls of models used. Cached and written tokens are among those of the input, reasoning is among the output. */
export const tokensSchema = z.object({
  input_tokens: tokens('Tokens of prompts, those of caches included'),
  cached_tokens: tokens('Of these, read from a cache'),
  cache_write_tokens: tokens('Of these, written to a cache'),
  output_tokens: tokens('Tokens of answers, reasoning included'),
  reasoning_tokens: tokens('Of these, thought and not said'),
})
export type Tokens = z.infer<typeof tokensSchema>
export const tokenNames = Object.keys(tokensSchema.shape) as (keyof Tokens)[]

/** Some of them, as a step states what it knows. */
export type SomeTokens = { readonly [Name in keyof Tokens]?: number | undefined }

const figuresSchema = tokensSchema.extend({
  calls: z.int().meta({ description: 'Logical calls, whatever their attempts' }),
  billed_retries: z.int().meta({ description: 'Attempts that were billed and got no answer' }),
  unreported_calls: z
    .int()
    .meta({ description: 'Calls that used tokens and say nowhere how many: then all sums are lower bounds' }),
  cost_usd: z.number().nullable().meta({ description: 'By the price table; null where a model has no price there' }),
})
export type UsageFigures = z.infer<typeof figuresSchema>

/** Sums over calls of models, each counted once. */
export const usageSchema = figuresSchema.extend({
  agents: z
    .record(z.string(), figuresSchema)
    .meta({ description: 'By `gen_ai.agent.id`: all instances of one together' }),
  models: z.record(z.string(), figuresSchema),
})
export type Usage = z.infer<typeof usageSchema>

const { $schema: _, ...answerSchema } = z.toJSONSchema(usageSchema)
/** The same as JSON Schema, as a part of another. */
export const usageJsonSchema = answerSchema
