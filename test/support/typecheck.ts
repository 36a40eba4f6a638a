import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What the compiler says of modules by name, empty for nothing. `at` is the file beside which they would stand. */
export function complaintsAbout<Name extends string>(
  sources: Readonly<Record<Name, string>>,
  at: string,
): Record<Name, string> {
  // Beside the sources, so that packages are found; `.mts` keeps them out of the project's own check.
  const folder = mkdtempSync(fileURLToPath(new URL('typecheck-', at)))
  try {
    const names = Object.keys(sources) as Name[]
    for (const name of names) writeFileSync(join(folder, `${name}.mts`), sources[name])
    const config = { extends: join(root, 'tsconfig.base.json'), include: ['*.mts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    // What belongs to an error is indented below it.
    const said = outputOf(['--noEmit', '--pretty', 'false', '-p', folder]).split(/\n(?! )/)
    const about = (name: Name) => said.filter((each) => each.includes(`/${name}.mts(`)).join('\n')
    return Object.fromEntries(names.map((name) => [name, about(name)])) as Record<Name, string>
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function outputOf(args: string[]): string {
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
    encoding: 'utf8',
  })
  return tsc.stdout
}
