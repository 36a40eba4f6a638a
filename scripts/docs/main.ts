// npm run docs: writes the parts of README.md and docs/ that repeat code. A test compares them.
import { readFileSync, writeFileSync } from 'node:fs'
import { documents, withGeneratedParts } from './parts.ts'

for (const path of documents()) {
  const text = readFileSync(path, 'utf8')
  const made = await withGeneratedParts(text, path)
  if (made !== text) writeFileSync(path, made)
}
