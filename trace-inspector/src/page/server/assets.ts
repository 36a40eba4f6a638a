import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { transformSync } from 'amaro'

/** A file of the page, ready to be sent. */
export interface Asset {
  type: string
  body: Buffer
  gzipped: Buffer
}

export interface Assets {
  /** What all paths begin with. It changes when any file does, so that browsers may keep what they have for ever. */
  root: string
  /** By path below the root. */
  files: ReadonlyMap<string, Asset>
  /** What bare imports of the page stand for. */
  importMap: string
  /** Paths of all modules, so that none is waited for in turn. */
  modules: string[]
}

/** Libraries that the page imports; nothing else of node_modules is served. */
const libraries = ['preact', 'preact/hooks', 'htm', 'htm/preact', '@preact/signals', '@preact/signals-core']
const findings = 'findings/'

/**
 * Reads the page's files once: TypeScript without its types, and compressed. The formulas of the findings are the very
 * files that the server imports.
 */
export function readAssets(): Assets {
  const files = new Map<string, Asset>()
  const imports = new Map<string, string>()
  for (const name of libraries) {
    const path = `lib/${name.replace('@', '').replaceAll('/', '-')}.js`
    files.set(path, script(readText(new URL(import.meta.resolve(name))).replace(/^\/\/# sourceMappingURL=.*$/m, '')))
    imports.set(name, path)
  }
  const addFolder = (folder: URL, path: string) => {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.ts')) files.set(path + file, script(withoutTypes(readText(new URL(file, folder)))))
  }
  addFolder(new URL('../model/', import.meta.url), 'model/')
  addFolder(new URL('../client/', import.meta.url), 'client/')
  addFolder(new URL('./', import.meta.resolve(`${findings}step`)), findings)
  for (const path of files.keys()) {
    const [, name] = /^findings\/(.*)\.ts$/.exec(path) ?? []
    if (name) imports.set(findings + name, path)
  }
  const modules = [...files.keys()]
  const styles = new URL('../client/styles/', import.meta.url)
  const sheets = readdirSync(styles).sort()
  files.set('style.css', asset('text/css', sheets.map((file) => readText(new URL(file, styles))).join('\n')))
  files.set('icon.svg', asset('image/svg+xml', readText(new URL('../client/icon.svg', import.meta.url))))

  const version = createHash('sha256')
  for (const [path, { body }] of files) version.update(path).update(body)
  const root = `/page/${version.digest('base64url').slice(0, 16)}/`
  const importMap = { imports: Object.fromEntries([...imports].map(([name, path]) => [name, root + path])) }
  return { root, files, importMap: JSON.stringify(importMap), modules: modules.map((path) => root + path) }
}

const readText = (file: URL) => readFileSync(file, 'utf8')

const withoutTypes = (source: string) => transformSync(source, { mode: 'strip-only' }).code

const script = (source: string) => asset('text/javascript', source)

function asset(type: string, text: string): Asset {
  const body = Buffer.from(text)
  return { type: `${type}; charset=utf-8`, body, gzipped: gzipSync(body, { level: 9 }) }
}
