import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { scenarios } from 'engine/scenarios/index'
import { withGeneratedParts } from '../scripts/readme-parts.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

it('README.md repeats the code as it is (npm run docs writes it)', async () => {
  const readme = readFileSync(`${root}README.md`, 'utf8')
  expect(await withGeneratedParts(readme)).toBe(readme)
})

it('every file under scenarios is registered', () => {
  const files = readdirSync(`${root}packages/engine/src/scenarios`).map((file) => file.replace('.ts', ''))
  expect(files.filter((name) => name !== 'index').toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted())
})

it('scenarios take time, chance and tools from their step, and from nowhere else', () => {
  for (const file of readdirSync(`${root}packages/engine/src/scenarios`)) {
    const source = readFileSync(`${root}packages/engine/src/scenarios/${file}`, 'utf8')
    expect(source, file).not.toMatch(
      /setTimeout|Date\.now|performance\.now|Math\.random|\bfetch\(|tracer|undici|\.run\.(clock|tools|tracer|ledger|emit)/,
    )
  }
})
