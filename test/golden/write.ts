// node test/golden/write.ts FOLDER [ROOT]: plays what the golden test plays, from the repository at ROOT (this one unless it is
// given), and writes each trace's canonical lines into FOLDER, to be compared with another version's by `diff -r`. With
// --digests it writes what the test compares with.
import { mkdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { digestOf } from './canonical.ts'
import { play } from './play.ts'
import type { startPair } from '../../scripts/pair.ts'

const [folder, root = '.'] = process.argv.slice(2)
const module = (await import(pathToFileURL(resolve(root, 'scripts/pair.ts')).href)) as { startPair: typeof startPair }
const played = await play(module.startPair)
if (folder === '--digests') {
  const digests = Object.fromEntries([...played].map(([name, lines]) => [name, digestOf(lines)]))
  writeFileSync(new URL('digests.json', import.meta.url), `${JSON.stringify(digests, null, 2)}\n`)
} else if (folder) {
  mkdirSync(folder, { recursive: true })
  for (const [name, lines] of played)
    writeFileSync(resolve(folder, `${name.replace(/\W+/g, '_')}.txt`), lines.join('\n'))
}
