import { Dialect } from '../dialect.ts'
import { table } from './dialect.ts'
import { ati, genAi as names } from './names.ts'

/**
 * Which attributes of ours a blind run has: those that a system in production would write. Not what the run was asked for,
 * what it is an example of, or where a step stands in it.
 */
export const isSaidBlind = {
  agentId: true,
  spanKind: true,
  workflow: true,
  scenario: false,
  toolName: true,
  toolCallId: true,
  toolDelayMs: false,
  toolErrorRate: false,
  toolPayloadKb: false,
  retryAttempt: true,
  retryMax: false,
  retryDelayMs: true,
  retryAskedMs: true,
  workerIndex: false,
  queuedMs: true,
  chainIndex: false,
  chainDepth: false,
  fanout: false,
  concurrency: false,
  dagFanout: false,
  reactMaxSteps: false,
  step: false,
  contextWindow: true,
  humanDelayS: false,
  humanOutcome: true,
  ragChunks: false,
  ragTotalKb: false,
  ragChunkIndex: true,
  ragChunkBytes: true,
  ragChunkContent: true,
  ragChunkDocument: true,
  ragChunkCached: true,
  streamDurationS: false,
  streamTokens: true,
  streamTokenIntervalMs: false,
  streamGapMs: false,
  streamNextMs: true,
  backgroundFanout: false,
  checkpointSizeKb: true,
} satisfies Record<keyof typeof ati, boolean>

/**
 * `gen-ai` without what only an experiment writes. A stall is for whoever looks at the tokens to find. Every attribute of the
 * conventions is written as it is elsewhere but one: a tool that a model has made up would be the only one without a description.
 */
export const genAiBlind = new Dialect('gen-ai-blind', table, {
  attributes: new Set([
    names.toolDescription,
    ...Object.entries(isSaidBlind).flatMap(([name, isSaid]) => (isSaid ? [] : ati[name as keyof typeof ati])),
  ]),
  events: new Set(['stall']),
})
