import { existsSync } from 'node:fs'

/** npm runs scripts in the folder of their package; paths are relative to where they were typed, which INIT_CWD says. */
export function enterTypedFolder({ INIT_CWD } = process.env): void {
  if (INIT_CWD !== undefined && existsSync(INIT_CWD)) process.chdir(INIT_CWD)
}
