import { z } from 'zod'

/** Of questions, answers and keys as they stand in files. */
export const examVersion = 1

export const questionTypes = ['verdict', 'kind', 'spans', 'entity', 'number', 'window', 'traces'] as const
export type QuestionType = (typeof questionTypes)[number]

/**
 * What a question is about. A type has one of its name; `waited` asks for spans as well, those that the run waited for, and
 * `cost` for a number; those about totals ask for a number too.
 */
export const subjects = [
  'verdict',
  'kind',
  'spans',
  'waited',
  'entity',
  'cost',
  'share',
  'window',
  'traces',
  'tokens',
  'price',
  'agent_tokens',
  'session_tokens',
  'session',
  'model_tokens',
] as const
export type Subject = (typeof subjects)[number]

const toleranceSchema = z.strictObject({
  share: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'Of the right number; of a window or a list, what may be amiss' }),
  least: z.number().min(0).optional().meta({ description: 'What a number may be off in any case, in its unit' }),
})
export type Tolerance = z.infer<typeof toleranceSchema>

/** A line of questions.jsonl. */
export const questionSchema = z
  .strictObject({
    question_id: z
      .string()
      .min(1)
      .meta({ description: 'The trace, `population`, a session or a model, a colon, and the subject' }),
    scope: z.enum(['trace', 'population']),
    trace_id: z.string().optional(),
    type: z.enum(questionTypes),
    text: z.string(),
    choices: z.array(z.string()).optional(),
    unit: z.string().optional(),
    tolerance: toleranceSchema.optional(),
  })
  .refine(({ scope, trace_id }) => (scope === 'trace') === (trace_id !== undefined), {
    error: 'one of scope trace has a trace_id, one of scope population none',
  })
  .refine(({ question_id }) => subjects.some((subject) => question_id.endsWith(`:${subject}`)), {
    error: `a question_id that ends in a colon and one of ${subjects.join(', ')}`,
  })
export type Question = z.infer<typeof questionSchema>

export const subjectOf = ({ question_id }: Pick<Question, 'question_id'>): Subject =>
  question_id.slice(question_id.lastIndexOf(':') + 1) as Subject

export const windowSchema = z.strictObject({
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
})

/** A while between two epoch times, ms, as an answer. */
export const isoWindow = ({ from_ms, to_ms }: { from_ms: number; to_ms: number }): z.infer<typeof windowSchema> => ({
  from: new Date(from_ms).toISOString(),
  to: new Date(to_ms).toISOString(),
})

/** An answer of whatever type; an empty list says that there is nothing to name. */
export const answerValueSchema = z.union([z.string(), z.number(), z.array(z.string()), windowSchema], {
  error: 'text, a number, a list of texts, or a window {"from", "to"} of ISO times',
})
export type AnswerValue = z.infer<typeof answerValueSchema>

/** Says that one cannot tell. */
export const unknown = 'unknown'
/** Says in a closed list that there is nothing. */
export const nothing = 'none'

/** A line of answers.jsonl. */
export const answerSchema = z.strictObject({
  question_id: z.string(),
  answer: answerValueSchema.nullable().meta({ description: '`unknown`, or null: cannot tell' }),
  ranked: z.array(z.string()).optional().meta({ description: 'Candidates, the best first' }),
  confidence: z.number().min(0).max(1).optional(),
})
export type Answer = z.infer<typeof answerSchema>
