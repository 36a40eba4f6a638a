import { ToolFailure } from '../errors.ts'
import type { OpenStep } from '../open-step.ts'

export interface ChunkOptions {
  index: number
  bytes: number
  /** How long it takes, ms. */
  ms: number
  /** What is in it, where content is captured: a string of its own, not a slice that keeps a larger one alive. */
  content?: string | undefined
  /** Which store it is from. */
  source?: string | undefined
  /** Which text it is: the same text has the same. */
  document?: string | undefined
  /** Worked through before, and still there. */
  cached?: boolean | undefined
  /** Tokens that are made of it. */
  outputTokens?: number | undefined
  /** Whether it cannot be worked through. */
  fails?: boolean
}

/** Works on one piece of what was retrieved. Rejects with ToolFailure when that fails. */
export function processChunk(agent: OpenStep, { ms, outputTokens, fails, ...said }: ChunkOptions): Promise<void> {
  return agent.open(
    {
      key: `${agent.key}/chunk/${said.index}`,
      injected: { drawn_ms: ms },
      facts: { operation: 'process_chunk', ...said },
    },
    async (step) => {
      await step.spend(ms)
      if (fails) throw new ToolFailure('chunk_failed', `Chunk ${said.index} could not be worked through`)
      if (outputTokens !== undefined) step.learn<'process_chunk'>({ output_tokens: outputTokens })
    },
  )
}
