import { z } from 'zod'
import { answerValueSchema, examVersion } from './question.ts'
import { ExamError, readLines } from './read.ts'

const ids = z.array(z.string())

const headSchema = z.strictObject({
  version: z.literal(examVersion, { error: `${examVersion}: another one was written by another version` }),
  level: z.int(),
  seed: z.string(),
  secret: z.string().optional().meta({ description: 'What the draws and ids of blind runs come from' }),
})

const faultSchema = z.strictObject({
  id: z.string(),
  kind: z.string(),
  category: z.string(),
  standing: z.enum(['required', 'masked']),
  accepted: z.array(ids).meta({ description: 'Any one span of a group names that culprit' }),
  entity: ids.meta({
    description:
      'Names of what is to blame, a tool, a model, a data source, or the id of an agent: any of them is right',
  }),
  impact: z
    .strictObject({ ms: z.number(), alone_ms: z.number(), share: z.number(), tokens: z.number() })
    .nullable()
    .meta({ description: 'null where a run has more faults than are played without' }),
})

/** What was planted in a trace, and what it cost. */
export const traceKeySchema = z.strictObject({
  trace_id: z.string(),
  scenario: z.string(),
  level: z.int(),
  verdict: z.enum(['faulty', 'healthy']),
  faults: z.array(faultSchema),
  neutral: ids.meta({ description: 'Naming these is neither right nor wrong' }),
  disturbed: z.boolean().optional().meta({ description: 'It was played for real, and the machine had its say in it' }),
  quirk: z.string().optional().meta({ description: 'What its telemetry does to tokens, where they are asked about' }),
})
export type TraceKey = z.infer<typeof traceKeySchema>

/** What is right for a question. `answer` alone is a whole answer. */
export const questionKeySchema = z.strictObject({
  question_id: z.string(),
  answer: answerValueSchema,
  accepted: z.array(ids).optional().meta({ description: 'Groups, of each of which one has to be named' }),
  neutral: ids.optional().meta({ description: 'Naming these is neither right nor wrong' }),
})
export type QuestionKey = z.infer<typeof questionKeySchema>

export interface Key {
  head: z.infer<typeof headSchema>
  traces: Map<string, TraceKey>
  questions: Map<string, QuestionKey>
}

/** Reads key.jsonl: a head, a line a trace, a line a question. Throws an ExamError that names the line. */
export function readKey(text: string, name: string): Key {
  const lines = readLines(text, name, z.record(z.string(), z.unknown()))
  const [first, ...rest] = lines
  if (!first) throw new ExamError(`${name} is empty`)
  const read = <Schema extends z.ZodType>({ line, value }: (typeof lines)[number], schema: Schema) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new ExamError(`${name}, line ${line}: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const isQuestion = ({ value }: (typeof lines)[number]) => Object.hasOwn(value, 'question_id')
  const questions = rest.filter(isQuestion).map((line) => read(line, questionKeySchema))
  const traces = rest.filter((line) => !isQuestion(line)).map((line) => read(line, traceKeySchema))
  return {
    head: read(first, headSchema),
    traces: new Map(traces.map((trace) => [trace.trace_id, trace])),
    questions: new Map(questions.map((question) => [question.question_id, question])),
  }
}
