import { SpanKind, type Tracer } from '@opentelemetry/api'
import type { Clock } from 'service-kit/clock'
import type { Random } from 'contract/random'
import type { Ledger } from './ledger.ts'
import type { Tools } from './ports.ts'
import type { Turns } from './turns.ts'

/** Something to be written out while a stream runs. */
export type RunEvent =
  | { type: 'token'; index: number; text: string }
  | { type: 'tool'; index: number; tool: string; ok: boolean; duration_ms: number }

/** What all steps of one run share. */
export interface RunContext {
  readonly clock: Clock
  readonly tools: Tools
  readonly tracer: Tracer
  readonly ledger: Ledger
  readonly random: Random
  readonly seed: string
  readonly traceId: string
  /** With trailing colon, or empty. */
  readonly agentPrefix: string
  readonly serviceName: string
  readonly captureContent: boolean
  /** For what begins and ends by the thousand. */
  readonly turns: Turns
  /** On every span of the run. */
  readonly attributes: Readonly<Record<string, string>>
  readonly conversationId: string | undefined
  /** Of the tools and the model: `jitter` and `llm_delay_ms` of the run. */
  readonly jitter: number
  readonly llmDelayMs: number
  /** Aborted with RunCancelled when nothing of the run may go on. */
  readonly signal: AbortSignal
  readonly cancel: (reason: Error) => void
  /** Resolves when the reader has taken it; at once where nobody reads along. */
  readonly emit: (event: RunEvent) => Promise<void>
  /** Tool calls under way, for whoever competes with them. */
  toolCallsInFlight: number
}

export const spanKinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const
