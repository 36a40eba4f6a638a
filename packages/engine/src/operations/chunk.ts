import type { OpenStep } from '../open-step.ts'

export interface ChunkOptions {
  index: number
  bytes: number
  /** How long it takes, ms. */
  ms: number
  /** What is in it, where content is captured: a string of its own, not a slice that keeps a larger one alive. */
  content?: string | undefined
  /** Where it is from, which text it is, whether that was worked through before, and what was made of it. */
  source?: string
  document?: string
  cached?: boolean
  outputTokens?: number
}

/** Works on one piece of what was retrieved. */
export function processChunk(agent: OpenStep, { index, bytes, ms, content }: ChunkOptions): Promise<void> {
  return agent.open(
    {
      key: `${agent.key}/chunk/${index}`,
      injected: { drawn_ms: ms },
      facts: { operation: 'process_chunk', index, bytes, content },
    },
    (step) => step.spend(ms),
  )
}
