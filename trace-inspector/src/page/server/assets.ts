import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { transformSync } from 'amaro'

/** A file of the page, ready to be sent. */
export interface Asset {
  type: string
  body: Buffer
  gzipped: Buffer
  etag: string
}

export interface Assets {
  /** By path, from `/page/`. */
  files: ReadonlyMap<string, Asset>
  /** What bare imports of the page stand for. */
  importMap: string
  /** Every module, so that none is waited for in turn. */
  modules: string[]
}

/** Libraries that the page imports; nothing else of node_modules is served. */
const libraries = ['preact', 'preact/hooks', 'htm', 'htm/preact', '@preact/signals', '@preact/signals-core']
const analysis = 'service-kit/analysis/'
const root = '/page/'

/**
 * Reads the page's files once: TypeScript without its types, compressed, with a tag that changes when they do. The formulas
 * of the findings are the very files that the server imports.
 */
export function readAssets(): Assets {
  const files = new Map<string, Asset>()
  const imports: Record<string, string> = {}
  for (const name of libraries) {
    const path = `${root}lib/${name.replace('@', '').replaceAll('/', '-')}.js`
    const source = readFileSync(new URL(import.meta.resolve(name)), 'utf8')
    files.set(path, script(source.replace(/^\/\/# sourceMappingURL=.*$/m, '')))
    imports[name] = path
  }
  const addFolder = (folder: URL, path: string) => {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    ))
      files.set(path + file, script(withoutTypes(readFileSync(new URL(file, folder), 'utf8'))))
  }
  addFolder(new URL('../model/', import.meta.url), `${root}model/`)
  addFolder(new URL('../client/', import.meta.url), `${root}client/`)
  addFolder(new URL('./', import.meta.resolve(`${analysis}step`)), `${root}analysis/`)
  for (const path of files.keys()) {
    const [, name] = /\/analysis\/(.*)\.ts$/.exec(path) ?? []
    if (name) imports[analysis + name] = path
  }
  const styles = new URL('../client/styles/', import.meta.url)
  const sheets = readdirSync(styles)
    .sort()
    .map((file) => readFileSync(new URL(file, styles), 'utf8'))
  const modules = [...files.keys()]
  files.set(`${root}style.css`, asset('text/css', sheets.join('\n')))
  files.set(
    `${root}icon.svg`,
    asset('image/svg+xml', readFileSync(new URL('../client/icon.svg', import.meta.url), 'utf8')),
  )
  return { files, importMap: JSON.stringify({ imports }), modules }
}

const withoutTypes = (source: string) => transformSync(source, { mode: 'strip-only' }).code

const script = (source: string) => asset('text/javascript', source)

function asset(type: string, text: string): Asset {
  const body = Buffer.from(text)
  return {
    type: `${type}; charset=utf-8`,
    body,
    gzipped: gzipSync(body, { level: 9 }),
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
  }
}
