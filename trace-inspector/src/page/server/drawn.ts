/** A span to be drawn, wherever it is known from. */
export interface Drawn {
  id: string
  parentId: string | null
  name: string
  service: string
  agent: string
  /** null where it is not known, as the end. */
  startMs: number | null
  endMs: number | null
  flags: number
  events: readonly { name: string; timeMs: number | null }[]
  links: readonly string[]
}
