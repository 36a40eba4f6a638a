import { ati } from 'dialects/gen-ai/semconv'
import type { Step } from '../step.ts'

export interface ChunkOptions {
  index: number
  bytes: number
  /** How long it takes, ms. */
  ms: number
  /** What is in it, where content is captured: a string of its own, not a slice that keeps a larger one alive. */
  content?: string
}

/** Works on one piece of what was retrieved. */
export function processChunk(agent: Step, { index, bytes, ms, content }: ChunkOptions): Promise<void> {
  return agent.open(
    {
      key: `${agent.key}/chunk/${index}`,
      operation: 'process_chunk',
      name: 'process_chunk',
      kind: 'internal',
      spanKind: 'internal',
      injected: { drawn_ms: ms },
      attributes: {
        [ati.ragChunkIndex]: index,
        [ati.ragChunkBytes]: bytes,
        ...(content !== undefined && { [ati.ragChunkContent]: content }),
      },
    },
    (step) => step.spend(ms),
  )
}

export interface HumanOptions {
  /** How long the person takes, s. */
  delayS: number
  outcome: 'approve' | 'reject' | 'expire'
}

/** Waits for a person: the agent is idle, not slow. Whatever they decide, it is an outcome and not an error. */
export function awaitHuman(agent: Step, { delayS, outcome }: HumanOptions): Promise<boolean> {
  return agent.open(
    {
      key: `${agent.key}/feedback`,
      operation: 'human_feedback',
      name: 'human_feedback',
      kind: 'internal',
      spanKind: 'interactive',
      injected: { drawn_ms: delayS * 1000 },
      attributes: { [ati.humanDelayS]: delayS },
    },
    async (step) => {
      step.event('paused')
      await step.spend(delayS * 1000)
      step.event('resumed', { [ati.humanOutcome]: outcome })
      return outcome === 'approve'
    },
  )
}

/** Writes the run's state away. */
export function checkpoint(workflow: Step, sizeKb: number): Promise<void> {
  const ms = Math.min(500, (sizeKb / 1024) * 200)
  return workflow.open(
    {
      key: 'checkpoint',
      operation: 'checkpoint',
      name: 'checkpoint',
      kind: 'internal',
      spanKind: 'checkpoint',
      injected: { drawn_ms: ms },
      attributes: { [ati.checkpointSizeKb]: sizeKb },
    },
    (step) => step.spend(ms),
  )
}
