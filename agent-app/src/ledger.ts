import { contentAttributes } from 'service-kit/semconv'
import { hash } from 'node:crypto'
import { z } from 'zod'

/**
 * What a run did, as the run itself knows it: nothing here was asked of the SDK. It is a flat list, because a chain 5,000
 * deep would overflow whoever parses a nested one. Times are milliseconds since the epoch, with fraction.
 */
export const ledgerSchemaVersion = 1

const attributeValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.string()),
  z
    .strictObject({ length: z.number(), sha256: z.string() })
    .meta({ description: 'Of content: characters, and SHA-256 of the UTF-8 text' }),
])
const attributes = z.record(z.string(), attributeValue)

export const operations = [
  'http_server',
  'http_client',
  'invoke_workflow',
  'invoke_agent',
  'chat',
  'execute_tool',
  'retrieval',
  'human_feedback',
  'process_chunk',
  'checkpoint',
] as const

export const ledgerStepSchema = z.object({
  id: z.int().meta({ description: 'Order of start within the run' }),
  parent_id: z.int().nullable(),
  key: z.string().meta({ description: 'What the step is in every replay, such as worker/7/call' }),
  operation: z.enum(operations),
  agent_id: z.string().nullable(),
  attempt: z.int().nullable().meta({ description: 'Of an HTTP call: 0 for the first, 1 for the first resend' }),
  depends_on: z.array(z.int()).meta({ description: 'Of a join: the steps it waited for' }),
  span_id: z
    .string()
    .nullable()
    .meta({ description: 'null for a SERVER span of another service: its parent tells it' }),
  remote_parent_span_id: z
    .string()
    .nullable()
    .meta({ description: 'The parent that the caller of the run sent, if any' }),
  name: z.string(),
  kind: z.enum(['internal', 'client', 'server']),
  service: z.string(),
  attributes: attributes.meta({ description: 'As written on the span; empty for SERVER spans' }),
  events: z.array(z.object({ name: z.string(), time_ms: z.number(), attributes })),
  links: z.array(z.object({ span_id: z.string() })),
  status: z.enum(['unset', 'error']),
  error_type: z.string().nullable(),
  start_ms: z.number(),
  duration_ms: z.number().nullable().meta({ description: 'null while the step runs' }),
  injected: z
    .object({
      drawn_ms: z.number().optional().meta({ description: 'How long the step was made to take' }),
      fault: z.enum(['straggler', 'slow_tool', 'failure']).optional(),
    })
    .nullable(),
  tool: z
    .object({ delay_ms: z.number(), ok: z.boolean(), payload_bytes: z.int() })
    .nullable()
    .meta({ description: 'What the tool said that it did' }),
})
export type LedgerStep = z.infer<typeof ledgerStepSchema>
export type AttributeValue = z.infer<typeof attributeValue>
export type Operation = LedgerStep['operation']

/** An attribute value as the ledger keeps it. */
export function kept(name: string, value: unknown): AttributeValue {
  if (typeof value === 'string' && contentAttributes.has(name))
    return { length: value.length, sha256: hash('sha256', value) }
  return value as AttributeValue
}

/** All attributes of a span as the ledger keeps them, in the same object. */
export function keepAll(attributes: Record<string, unknown>): LedgerStep['attributes'] {
  for (const name in attributes) if (contentAttributes.has(name)) attributes[name] = kept(name, attributes[name])
  return attributes as LedgerStep['attributes']
}

/** Fields of a step that most steps leave as they are. */
type Usual = Pick<LedgerStep, 'attempt' | 'depends_on' | 'remote_parent_span_id' | 'links' | 'injected'>

/** The steps of one run, in order of start. */
export class Ledger {
  readonly steps: LedgerStep[] = []

  open(
    step: Omit<LedgerStep, keyof Usual | 'id' | 'events' | 'status' | 'error_type' | 'duration_ms' | 'tool'> & {
      [Name in keyof Usual]?: Usual[Name] | undefined
    },
  ): LedgerStep {
    const opened: LedgerStep = {
      id: this.steps.length,
      parent_id: step.parent_id,
      key: step.key,
      operation: step.operation,
      agent_id: step.agent_id,
      attempt: step.attempt ?? null,
      depends_on: step.depends_on ?? none,
      span_id: step.span_id,
      remote_parent_span_id: step.remote_parent_span_id ?? null,
      name: step.name,
      kind: step.kind,
      service: step.service,
      attributes: step.attributes,
      events: none,
      links: step.links ?? none,
      status: 'unset',
      error_type: null,
      start_ms: step.start_ms,
      duration_ms: null,
      injected: step.injected ?? null,
      tool: null,
    }
    this.steps.push(opened)
    return opened
  }

  event(step: LedgerStep, event: LedgerStep['events'][number]): void {
    if (step.events === none) step.events = []
    step.events.push(event)
  }
}

/** Shared by all steps without events, links and joins: there are tens of thousands of them. */
const none: never[] = []
