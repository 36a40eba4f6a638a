import type { Sender } from 'contract/ledger'
import type { Attributes, ReceivedSpan } from '../otlp/span.ts'
import { type Arrived, compareAttributes } from './attributes.ts'
import type { Found } from './difference.ts'
import type { Expectation } from './expectation.ts'
import type { Terms } from './terms.ts'

/** A service's name is compared span by span. */
const comparedElsewhere = new Set(['service.name'])

/**
 * What became of the resources of spans. One that was changed is one difference for all spans that it is on: it stands at
 * the first of them, and says how many they are.
 */
export function compareResources(
  pairs: Iterable<readonly [Expectation, ReceivedSpan]>,
  { transport, senders }: Terms,
): [Expectation, ReceivedSpan, Found][] {
  const changes = new Map<Attributes, Change | undefined>()
  const told = new Map<string, { expectation: Expectation; span: ReceivedSpan; change: Change; spans: number }>()
  for (const [expectation, span] of pairs) {
    const { resource } = span
    const candidates = (senders.get(expectation.step.service) ?? []).filter((sender) => sender.resource !== null)
    if (candidates.length === 0) continue
    if (!changes.has(resource)) {
      const found = candidates.map((sender) =>
        changeOf(sender, { attributes: resource, wholeDoubles: span.resourceDoubles }, transport),
      )
      changes.set(resource, found.includes(undefined) ? undefined : found[0])
    }
    const change = changes.get(resource)
    if (!change) continue
    const key = JSON.stringify([expectation.step.service, change])
    const others = told.get(key)
    if (others) others.spans++
    else told.set(key, { expectation, span, change, spans: 1 })
  }
  return [...told.values()].map(({ expectation, span, change, spans }) => [
    expectation,
    span,
    { kind: 'resource_changed', expected: change.expected, actual: { ...change.actual, spans } },
  ])
}

interface Change {
  /** Only what differs, and `null` for what was not there. */
  expected: Record<string, unknown>
  actual: Record<string, unknown>
}

function changeOf(sender: Sender, arrived: Arrived, transport: Terms['transport']): Change | undefined {
  const found = compareAttributes(sender.resource ?? {}, arrived, transport)
  const change: Change = { expected: {}, actual: {} }
  for (const { expected, actual } of found) {
    const [name] = Object.keys((expected ?? actual) as object) as [string]
    if (comparedElsewhere.has(name)) continue
    change.expected[name] = (expected as Attributes | null)?.[name] ?? null
    change.actual[name] = (actual as Attributes | null)?.[name] ?? null
  }
  return Object.keys(change.expected).length > 0 ? change : undefined
}
