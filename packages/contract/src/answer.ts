import { z } from 'zod'

/** An answer to a trace: the spans that are to blame, none where nothing is wrong. */
export const answerSchema = z.strictObject({ span_ids: z.array(z.string().max(64)).max(100_000) })
export type Answer = z.output<typeof answerSchema>
