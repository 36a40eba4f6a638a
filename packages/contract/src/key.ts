import { z } from 'zod'
import { faultCategories, plantedKindNames } from './taxonomy.ts'

/**
 * The right answer to a run: what was planted, what each fault cost, and what a tool under test has to name. Impact is
 * computed by playing the run's own draws again in virtual time, with a fault left out and with that fault alone.
 */
export const keySchemaVersion = 1

const ms = (description: string) => z.number().meta({ description })
const spanIds = z.array(z.string())

export const impactSchema = z.object({
  ms: ms(
    'The run minus the run without this fault, ms; below 0 where a failure ended the run early. Where calls come when they come, as in cascade, their times together stand for the run',
  ),
  alone_ms: ms('The run with this fault alone minus the run with none, ms'),
  share: ms('`ms` as a share of the run, waits for people left out'),
  tokens: z.int().meta({
    description: 'Tokens that were paid for, those from a cache left out: the run minus the run without this fault',
  }),
  outcome_changed: z.boolean().meta({ description: 'Whether the agent reaches its goal depends on it, alone or not' }),
  user_visible: z
    .boolean()
    .meta({ description: 'Whether the user would have an answer noticeably earlier, or another one, without it' }),
})
export type Impact = z.infer<typeof impactSchema>

/** Whom a fault is to be blamed on; the more is said, the more names of it are right. */
export const entitySchema = z.object({
  tool: z.string().optional(),
  agent: z.string().optional().meta({ description: 'An instance, such as worker:7' }),
  model: z.string().optional(),
  shard: z.string().optional(),
})
export type FaultEntity = z.infer<typeof entitySchema>

export const magnitudeSchema = z.object({
  unit: z.enum(['factor', 'rate', 'ms', 'times', 'tokens']),
  value: z.number(),
})
export type Magnitude = z.infer<typeof magnitudeSchema>

export const faultWindowSchema = z.object({ from_ms: z.number(), to_ms: z.number() })
export type FaultWindow = z.infer<typeof faultWindowSchema>

export const standings = ['required', 'masked', 'neutral'] as const
export type Standing = (typeof standings)[number]

export const keyFaultSchema = z.object({
  id: z
    .string()
    .meta({ description: 'The same in every replay of the run: tool_slow/search, straggler/worker/7/call' }),
  kind: z.enum(plantedKindNames),
  category: z.enum(Object.keys(faultCategories) as (keyof typeof faultCategories)[]),
  standing: z.enum(standings).meta({
    description:
      'required: it has to be named. masked: it costs something alone, and nothing beside the others: naming it is right, leaving it out is not wrong; where all faults are masked, one has to be named. neutral: naming it is neither',
  }),
  accepted: z.array(spanIds).meta({
    description:
      'Each group is one culprit, and any span of the group names it; so does the SERVER span below a CLIENT span of the group',
  }),
  entity: entitySchema,
  steps: z.array(z.string()).meta({ description: 'Keys of the ledger' }),
  magnitude: magnitudeSchema.nullable(),
  window: faultWindowSchema
    .optional()
    .meta({ description: 'While it was in force, ms since the run began; absent where that is no while' }),
  impact: impactSchema.nullable().meta({
    description:
      'null where a run has more faults than are replayed: such a fault is masked, or required if it lost a call',
  }),
})
export type KeyFault = z.infer<typeof keyFaultSchema>

export const disturbanceSchema = z.object({
  calls: z.int().meta({ description: 'Calls whose drawn time is known' }),
  added_p99_ms: ms('What the machine added to what a call was drawn to take, ms: the 99th percentile over calls'),
  effect_ms: ms('The smallest planted slowdown of a call, ms; of a run without one, what a rule would need to see one'),
})
export type Disturbance = z.infer<typeof disturbanceSchema>

export const keySchema = z.object({
  key_schema_version: z.literal(keySchemaVersion),
  trace_id: z.string(),
  level: z.int().min(1).max(4),
  verdict: z.enum(['faulty', 'healthy']).meta({ description: 'healthy: no fault, or none that is not neutral' }),
  faults: z.array(keyFaultSchema),
  neutral: spanIds.meta({ description: 'Spans that it is neither right nor wrong to name' }),
  slack: spanIds.meta({ description: 'Those of the neutral that are slow, and that nobody waited for' }),
  decoys: spanIds.meta({ description: 'Spans that look like culprits and are explained by what they show' }),
  step_limit: z.boolean().meta({ description: 'The agent did not reach its goal because no steps were left' }),
  unplanned: z
    .object({
      count: z.int(),
      error_types: z.record(z.string(), z.int()),
      spans: spanIds.meta({ description: 'The first hundred' }),
    })
    .meta({
      description:
        'Calls that failed and were not planted to: a time-out, a lost tool-service, a tool that more comes to than it can ever do',
    }),
  disturbed: z.boolean().meta({
    description:
      'The machine added more than half of the smallest planted effect: this run proves nothing of a tool under test',
  }),
  disturbance: disturbanceSchema,
})
export type Key = z.infer<typeof keySchema>

/** In an answer: `pending` while replays of a large run go on, null while a run has not come to its end. */
export const keyAnswerSchema = z.union([keySchema, z.literal('pending'), z.null()])
export type KeyAnswer = z.infer<typeof keyAnswerSchema>

const { $schema: _, ...answerSchema } = z.toJSONSchema(keyAnswerSchema)
/** The same as JSON Schema, as a part of another. */
export const keyAnswerJsonSchema = answerSchema
