import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scenarios } from 'engine/scenarios/index'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

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
