import { demo } from './demo.ts'
import { measured } from './measured.ts'
import type { Profile } from './profile.ts'

export const profiles = { demo, measured } as const satisfies Record<string, Profile>
export type ProfileName = keyof typeof profiles
export const profileNames = Object.keys(profiles) as ProfileName[]

/** The profile of a run, by its parameter. */
export function profileOf({ profile }: Readonly<Record<string, unknown>>): Profile {
  return profiles[profileNames.find((name) => name === profile) ?? 'demo']
}
