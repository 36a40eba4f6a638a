/** A span to be drawn, wherever it is known from. */
export interface Drawn {
  id: string
  parentId: string | null
  name: string
  service: string
  agent: string
  startMs: number
  endMs: number
  flags: number
  events: readonly { name: string; timeMs: number }[]
  links: readonly string[]
}
