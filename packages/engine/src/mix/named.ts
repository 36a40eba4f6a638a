import { readdirSync, readFileSync } from 'node:fs'
import { Catalog } from '../catalog.ts'
import { scenarios } from '../scenarios/index.ts'
import type { Mix } from './mix.ts'
import { MixError, readMix } from './read.ts'

const folder = new URL('named/', import.meta.url)

/** The mixes that come with the engine. */
export const mixNames = readdirSync(folder)
  .map((file) => file.replace(/\.yaml$/, ''))
  .toSorted()

/** Of all scenarios there are: what a mix may ask for depends on no environment. */
const all = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })

/** The mix of this name, or the one in the file of this path, of what the catalog has. Throws a MixError that says what was tried. */
export function loadMix(nameOrPath: string, catalog = all): Mix {
  const isName = mixNames.includes(nameOrPath)
  const path = isName ? new URL(`${nameOrPath}.yaml`, folder) : nameOrPath
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new MixError(
      `${nameOrPath} is neither a mix that comes along (${mixNames.join(', ')}) nor a file that can be read: ${why}`,
    )
  }
  return readMix(text, nameOrPath, catalog)
}
