import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const client = fileURLToPath(new URL('../../src/page/client/', import.meta.url))
const root = fileURLToPath(new URL('../../../', import.meta.url))

let folder = ''
// Beside the sources, so that packages are found; `.mts` keeps it out of the project's own check.
beforeAll(() => void (folder = mkdtempSync(fileURLToPath(new URL('props-', import.meta.url)))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler says of a call of the component `Copy`. */
function complaints(props: string): string {
  const source = `import { h } from '${client}h.ts'\nimport { Copy } from '${client}look/copy.ts'\nexport const copy = h(Copy, ${props})\n`
  writeFileSync(join(folder, 'call.mts'), source)
  const config = { extends: join(root, 'tsconfig.base.json'), include: ['call.mts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', folder])
    return ''
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout)
  }
}

test('a wrong prop, a missing one and one too many are errors; right ones are none', () => {
  expect(complaints("{ text: 'a', what: 'it' }")).toBe('')
  expect(complaints("{ text: 1, what: 'it' }")).toContain("'number' is not assignable to type 'string'")
  expect(complaints("{ text: 'a' }")).toContain("Property 'what' is missing")
  expect(complaints("{ text: 'a', what: 'it', size: 3 }")).toContain("'size' does not exist")
})

test('no component is called from a template, where nobody would check its props', () => {
  const files = globSync('**/*.ts', { cwd: client })
  expect(files.length).toBeGreaterThan(40)
  expect(files.filter((file) => readFileSync(join(client, file), 'utf8').includes('<${'))).toEqual([])
})
