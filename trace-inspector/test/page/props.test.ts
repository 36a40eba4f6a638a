import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { complaintsAbout } from '../../../test/support/typecheck.ts'

const client = fileURLToPath(new URL('../../src/page/client/', import.meta.url))

const call = (props: string) =>
  `import { h } from '${client}h.ts'\nimport { Copy } from '${client}look/copy.ts'\nexport const copy = h(Copy, ${props})\n`

test('a wrong prop, a missing one and one too many are errors; right ones are none', () => {
  const said = complaintsAbout(
    {
      right: call("{ text: 'a', what: 'it' }"),
      wrong: call("{ text: 1, what: 'it' }"),
      missing: call("{ text: 'a' }"),
      tooMany: call("{ text: 'a', what: 'it', size: 3 }"),
    },
    import.meta.url,
  )
  expect(said.right).toBe('')
  expect(said.wrong).toContain("'number' is not assignable to type 'string'")
  expect(said.missing).toContain("Property 'what' is missing")
  expect(said.tooMany).toContain("'size' does not exist")
})

test('no component is called from a template, where nobody would check its props', () => {
  const files = globSync('**/*.ts', { cwd: client })
  expect(files.length).toBeGreaterThan(40)
  expect(files.filter((file) => readFileSync(join(client, file), 'utf8').includes('<${'))).toEqual([])
})
