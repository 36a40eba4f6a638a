import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scenarios } from 'engine/scenarios/index'
import { expect, it } from 'vitest'
import { documents, withGeneratedParts } from '../scripts/docs/parts.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const paths = documents().map((path) => path.slice(root.length))
const textOf = (path: string) => readFileSync(root + path, 'utf8')

it.each(paths)('%s repeats the code as it is (npm run docs writes it)', async (path) => {
  expect(await withGeneratedParts(textOf(path), root + path)).toBe(textOf(path))
})

/** A document without what is code in it. */
const prose = (text: string) => text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, '')

/** The anchors that a forge gives the headings of a document. */
const anchorsOf = (path: string) =>
  [...prose(textOf(path).replace(/`/g, '')).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** Where a document leads to within the repository. */
function linksOf(path: string): string[] {
  const text = prose(textOf(path))
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|srcset|href)="([^"]+)"/g)]
  return targets.map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
}

it.each(paths)('every link of %s leads somewhere', (path) => {
  const dead = linksOf(path).filter((link) => {
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : resolve(dirname(root + path), file).slice(root.length)
    if (!existsSync(root + target)) return true
    return anchor !== undefined && !anchorsOf(target).includes(anchor)
  })
  expect(dead).toEqual([])
})

it('every document can be reached from README.md', () => {
  const reached = new Set(['README.md'])
  // A set takes what is added while it is walked.
  for (const path of reached) {
    for (const link of linksOf(path)) {
      const [file = ''] = link.split('#')
      const target = file === '' ? path : resolve(dirname(root + path), file).slice(root.length)
      // A folder stands for what is in it.
      for (const other of paths) if (other === target || dirname(other) === target) reached.add(other)
    }
  }
  expect(paths.filter((path) => !reached.has(path))).toEqual([])
})

/** Paths in the repository that a document names as code. */
const namedPaths = (path: string) =>
  [...textOf(path).matchAll(/`([\w.-]+\/[\w./-]+)`/g)]
    .map(([, named = '']) => named)
    .filter((named) => existsSync(root + named.split('/')[0]))

it.each(paths)('what %s names as a path is there', (path) => {
  expect(namedPaths(path).filter((named) => !existsSync(root + named))).toEqual([])
})

it('the tree of docs/architecture.md has every package, and nothing that is not there', () => {
  const [, tree = ''] = /## The tree\n+```text\n([^]*?)```/.exec(textOf('docs/architecture.md')) ?? []
  let above = ''
  const folders = tree
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, indent = '', name = ''] = /^( *)([\w/-]+)\//.exec(line) ?? []
      if (indent === '') above = name
      return indent === '' ? name : `${above}/${name}`
    })
  expect(folders.filter((folder) => !existsSync(root + folder))).toEqual([])
  const { workspaces } = JSON.parse(textOf('package.json')) as { workspaces: string[] }
  expect(folders).toEqual(expect.arrayContaining(workspaces))
})

it('docs/findings.md says of every scenario what its rule does', () => {
  const rows = scenarios.map(({ name, finding }) => new RegExp(`^\\| ${name} +\\| \`${finding}\` +\\| \\w`, 'm'))
  for (const row of rows) expect(textOf('docs/findings.md')).toMatch(row)
})

it('README.md is short enough to be read', () => {
  expect(textOf('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(160)
})

it('every npm script that a document names exists', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  for (const path of paths) {
    const named = [...textOf(path).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name as string)
    expect(Object.keys(scripts), path).toEqual(expect.arrayContaining(named))
  }
})
