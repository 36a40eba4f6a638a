import type { Encodable } from '../../encode.ts'

/** A span to be drawn, wherever it is known from. */
export interface Drawn extends Encodable {
  agent: string
  flags: number
  events: readonly { name: string; timeMs: number | null }[]
  links: readonly string[]
}
