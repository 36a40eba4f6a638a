// npm run docs: writes the parts of README.md that repeat code. A test compares them.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { withGeneratedParts } from './readme-parts.ts'

const path = fileURLToPath(new URL('../README.md', import.meta.url))
writeFileSync(path, await withGeneratedParts(readFileSync(path, 'utf8')))
