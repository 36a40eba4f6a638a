import { readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { mayImport, type Part } from '../scripts/layers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const parts = Object.keys(mayImport) as Part[]

/** What a part may use of others' packages, where that is less than all of them. */
const outside = {
  contract: /^(zod|node:crypto)$/,
  dialects: /^$/,
  findings: /^$/,
  engine: /^(zod|yaml|node:(crypto|fs|timers\/promises))$/,
} satisfies Partial<Record<Part, RegExp>>

const folderOf = (part: string) => (existsAsPackage.has(part) ? `packages/${part}` : part)
const existsAsPackage = new Set(readdirSync(`${root}packages`))

interface Module {
  /** From the root. */
  path: string
  part: Part
  imports: string[]
}

/** Imports of every kind: values, types, what is only run, what is imported later, what is handed on. */
const specifiers = /(?:^|[\s;])(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g

function importsOf(file: string): string[] {
  const found = [...readFileSync(file, 'utf8').matchAll(specifiers)].map(([, one, later]) => one ?? later)
  return found.filter((each) => each !== undefined)
}

/** The packages that are imported, without paths and what comes with Node. */
const packagesOf = (imports: readonly string[]) => [
  ...new Set(
    imports.filter((each) => !/^(\.|node:)/.test(each)).map((each) => /^(@[^/]+\/)?[^/]+/.exec(each)?.[0] as string),
  ),
]

function modulesOf(part: Part): Module[] {
  const folder = `${folderOf(part)}/src/`
  return readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const path = folder + file
      return { path, part, imports: importsOf(root + path) }
    })
}

const modules = parts.flatMap(modulesOf)
const paths = new Set(modules.map(({ path }) => path))

/** The module of ours that an import leads to; undefined for one of others'. */
function targetOf({ path }: Module, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relative(root, resolve(root, dirname(path), specifier))
  const [name = '', ...rest] = specifier.split('/')
  if (!parts.some((part) => part === name)) return undefined
  const { exports } = JSON.parse(readFileSync(`${root}${folderOf(name)}/package.json`, 'utf8')) as {
    exports?: Record<string, string>
  }
  const file =
    exports?.[rest.length > 0 ? `./${rest.join('/')}` : '.'] ?? exports?.['./*']?.replace('*', rest.join('/'))
  return `${folderOf(name)}/${file?.slice(2)}`
}

const partOf = (path: string) => path.split('/')[path.startsWith('packages/') ? 1 : 0] as string

/** Files each of which imports the next, and the last the first; the shortest such list from each file. */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const walk = (path: string, above: readonly string[]): void => {
    const at = above.indexOf(path)
    if (at >= 0) {
      found.push([...above.slice(at), path])
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) walk(next, [...above, path])
    done.add(path)
  }
  for (const path of edges.keys()) walk(path, [])
  return found
}

const edges = new Map(
  modules.map((module) => [
    module.path,
    module.imports.map((each) => targetOf(module, each)).filter((target) => target !== undefined),
  ]),
)

it('every import of ours leads to a file', () => {
  const astray = [...edges].flatMap(([path, targets]) =>
    targets.filter((target) => !paths.has(target)).map((target) => `${path}: ${target}`),
  )
  expect(astray).toEqual([])
  expect(modules.length).toBeGreaterThan(200)
})

it('no files import one another in a circle, for types neither', () => {
  expect(circles(edges).map((circle) => circle.join(' -> '))).toEqual([])
})

it('a circle is found where there is one', () => {
  const ring = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
  ])
  expect(circles(ring)).toEqual([['a', 'b', 'c', 'a']])
})

describe.each(parts)('%s', (part) => {
  const own = modules.filter((module) => module.part === part)

  it('imports of ours what it may', () => {
    const allowed = new Set<string>([part, ...mayImport[part]])
    const others = own.flatMap((module) =>
      (edges.get(module.path) ?? [])
        .filter((target) => !allowed.has(partOf(target)))
        .map((to) => `${module.path}: ${to}`),
    )
    expect(others).toEqual([])
  })

  it('declares what it imports', () => {
    const { dependencies = {} } = JSON.parse(readFileSync(`${root}${folderOf(part)}/package.json`, 'utf8')) as {
      dependencies?: Record<string, string>
    }
    const used = packagesOf(own.flatMap(({ imports }) => imports))
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(used))
  })
})

it('properties are asked with the examples that test/support/properties.ts draws', () => {
  const folders = [...parts.map((part) => `${folderOf(part)}/test`), 'cli/test', 'bench', 'scripts', 'test']
  const drawing = folders
    .flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
    )
    .filter((file) => file.endsWith('.ts') && importsOf(root + file).includes('fast-check'))
  expect(drawing).toEqual(['test/support/properties.ts'])
})

it.each(Object.entries(outside))('%s uses little else', (part, allowed) => {
  const foreign = modules.flatMap((module) =>
    module.imports
      .filter((each) => module.part === part && targetOf(module, each) === undefined && !allowed.test(each))
      .map((each) => `${module.path}: ${each}`),
  )
  expect(foreign).toEqual([])
})

it.each([
  { manifest: 'package.json', folders: ['bench', 'scripts', 'test'], one: 'vitest' },
  { manifest: 'cli/package.json', folders: ['cli'], one: 'citty' },
])('$manifest declares what $folders import', ({ manifest, folders, one }) => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(root + manifest, 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string> | undefined
  >
  const files = folders.flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !(folder === 'cli' && file.startsWith('test/')))
      .map((file) => `${root}${folder}/${file}`),
  )
  const used = packagesOf(files.flatMap(importsOf))
  expect(used).toContain(one)
  expect(Object.keys({ ...dependencies, ...devDependencies })).toEqual(expect.arrayContaining(used))
})
