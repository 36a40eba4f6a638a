// npm run docs: writes the parts of README.md and docs/ that repeat code, and makes the exam of the example. Tests compare them.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { example } from '../../cli/exam/example.ts'
import { makeExam } from '../../cli/exam/exam.ts'
import { documents, withGeneratedParts } from './parts.ts'

for (const path of documents()) {
  const text = readFileSync(path, 'utf8')
  const made = await withGeneratedParts(text, path)
  if (made !== text) writeFileSync(path, made)
}

const examples = fileURLToPath(new URL('../../docs/examples', import.meta.url))
await makeExam({ ...example, out: `${examples}/exam`, key: `${examples}/exam-key.jsonl` })
