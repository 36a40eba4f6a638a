import type { LedgerStep } from 'contract/ledger'

/** Attributes whose value is a time that was measured, or follows from one, or names the mesh. */
const measured = new Set([
  'ati.agent.id',
  'gen_ai.agent.id',
  'ati.worker.queued_ms',
  'gen_ai.response.time_to_first_chunk',
  'server.address',
  'server.port',
  'url.full',
])

/** A stream's tokens are as many as fit into its time, its content with them. */
const measuredOnStreams = new Set(['gen_ai.usage.output_tokens', 'gen_ai.output.messages'])

/**
 * What a run decided, by step key: all of its ledger but ids and what was measured. Two runs of one seed and the same
 * parameters decide the same, wherever and whenever they run.
 */
export function decisionsOf(steps: readonly LedgerStep[]): Record<string, unknown> {
  const keyOf = new Map(steps.map(({ id, key }) => [id, key]))
  const entries = steps.map((step) => {
    const isStream = step.attributes['gen_ai.request.stream'] === true
    const attributes = Object.entries(step.attributes).filter(
      ([name]) => !measured.has(name) && !(isStream && measuredOnStreams.has(name)),
    )
    const decision = {
      parent: step.parent_id === null ? null : keyOf.get(step.parent_id),
      depends_on: step.depends_on.map((id) => keyOf.get(id)),
      name: step.name,
      kind: step.kind,
      operation: step.operation,
      attempt: step.attempt,
      attributes: Object.fromEntries(attributes.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      // When a token stalls or background work ends is measured; a retry and its back-off are decided.
      events: isStream ? [] : step.events.map(({ name, attributes: ofEvent }) => ({ name, attributes: ofEvent })),
      status: step.status,
      error_type: step.error_type,
      injected: step.injected,
      tool: step.tool,
    }
    return [step.key, decision] as const
  })
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
