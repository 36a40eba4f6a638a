import { readdirSync, readFileSync } from 'node:fs'
import type { Catalog } from '../catalog.ts'
import type { Mix } from './mix.ts'
import { MixError, readMix } from './read.ts'

const folder = new URL('named/', import.meta.url)

/** The mixes that come with the engine. */
export const mixNames = readdirSync(folder)
  .map((file) => file.replace(/\.yaml$/, ''))
  .toSorted()

/** The mix of this name, or the one in the file of this path. Throws a MixError that says what was tried. */
export function loadMix(nameOrPath: string, catalog: Catalog): Mix {
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
