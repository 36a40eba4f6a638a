import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/**
 * A path of the environment as a whole one. A relative one is relative to where it was typed: npm runs scripts in the folder of
 * their package and says in INIT_CWD where it was called. What is not there may be meant from the folder of the process.
 */
export function typedPath(path: string, { INIT_CWD } = process.env): string {
  const typed = resolve(INIT_CWD ?? '', path)
  const here = resolve(path)
  return !existsSync(typed) && existsSync(here) ? here : typed
}
