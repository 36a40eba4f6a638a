import type { z } from 'zod'

/** A file is not what it should be; the message names it, the line, and what was expected. */
export class ExamError extends Error {
  override name = 'ExamError'
}

/** Every line of a file of JSON lines that is not empty, with its number from 1. Throws an ExamError for the first that does not fit. */
export function readLines<Schema extends z.ZodType>(
  text: string,
  name: string,
  schema: Schema,
): { line: number; value: z.infer<Schema> }[] {
  return text.split('\n').flatMap((json, index) => {
    if (json.trim() === '') return []
    const where = `${name}, line ${index + 1}`
    const parsed = schema.safeParse(parse(json, where))
    if (!parsed.success) throw new ExamError(`${where}: ${said(parsed.error)}`)
    return { line: index + 1, value: parsed.data }
  })
}

function parse(json: string, where: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new ExamError(`${where} is no JSON: ${(error as Error).message}`)
  }
}

function said({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ')
}

/** By `question_id`. Throws an ExamError where two lines have the same. */
export function byQuestion<Line extends { question_id: string }>(
  lines: readonly { line: number; value: Line }[],
  name: string,
): Map<string, Line> {
  const seen = new Map<string, number>()
  for (const { line, value } of lines) {
    const before = seen.get(value.question_id)
    if (before !== undefined)
      throw new ExamError(`${name}, line ${line}: ${value.question_id} stands in line ${before} already`)
    seen.set(value.question_id, line)
  }
  return new Map(lines.map(({ value }) => [value.question_id, value]))
}
