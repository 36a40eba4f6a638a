import { globSync } from 'node:fs'

/** libfaketime, where it is installed as Debian does. */
const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')

export const hasFaketime = library !== undefined

/** The environment of a process whose clock is ahead of this machine's by `seconds`; how fast time goes stays as it is. */
export const ahead = (seconds: number): Record<string, string> => ({
  LD_PRELOAD: library as string,
  FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}`,
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
})
