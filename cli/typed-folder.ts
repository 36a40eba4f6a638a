import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** npm runs scripts in the folder of their package; paths are relative to where they were typed, which INIT_CWD says. */
export function enterTypedFolder({ INIT_CWD } = process.env): void {
  if (INIT_CWD !== undefined && existsSync(INIT_CWD) && process.cwd() === resolve(root)) process.chdir(INIT_CWD)
}
