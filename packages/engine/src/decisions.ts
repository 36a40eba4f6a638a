import type { LedgerStep } from 'contract/ledger'

/** Facts whose value is a time that was measured, or follows from one, or names the mesh, or the trace. */
const measured = new Set([
  'conversation_id',
  'definition',
  'queued_ms',
  'first_chunk_s',
  'server_address',
  'server_port',
  'url',
])

/** A stream's tokens are as many as fit into its time, its content with them. */
const measuredOnStreams = new Set(['output_tokens', 'output_messages'])

/**
 * What a run decided, by step key: all of its ledger but ids and what was measured. Two runs of one seed and the same
 * parameters decide the same, wherever and whenever they run.
 */
export function decisionsOf(steps: readonly LedgerStep[]): Record<string, unknown> {
  const keyOf = new Map(steps.map(({ id, key }) => [id, key]))
  const entries = steps.map((step) => {
    const isStream = step.facts.operation === 'chat' && step.facts.stream === true
    const facts = Object.entries(step.facts).filter(
      ([name]) => !measured.has(name) && !(isStream && measuredOnStreams.has(name)),
    )
    const decision = {
      parent: step.parent_id === null ? null : keyOf.get(step.parent_id),
      depends_on: step.depends_on.map((id) => keyOf.get(id)),
      facts: Object.fromEntries(facts.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      // When a token stalls or background work ends is measured; a retry and its back-off are decided.
      events: isStream ? [] : step.events.map((event) => ({ ...event, time_ms: undefined })),
      status: step.status,
      error_type: step.error_type,
      injected: step.injected,
      tool: step.tool,
    }
    return [step.key, decision] as const
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
