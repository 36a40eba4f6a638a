import type { ExamOptions } from './exam.ts'
import { namesAt } from './runs.ts'

/** The exam of docs/examples; `npm run docs` makes it. */
export const example: Omit<ExamOptions, 'out' | 'key'> = {
  scenarios: namesAt(3),
  level: 3,
  traces: 20,
  seed: 'example',
  secret: '00112233445566778899aabbccddeeff',
  startMs: Date.parse('2026-11-01T00:00:00Z'),
}
