import { demo } from './demo.ts'
import { measured } from './measured.ts'
import type { Profile } from './times.ts'

export const profiles = { demo, measured } as const satisfies Record<string, Profile>
export type ProfileName = keyof typeof profiles
