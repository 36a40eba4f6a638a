import type { Sender } from 'contract/ledger'
import { nothingDropped, type ReceivedSpan } from '../otlp/span.ts'
import type { Found } from './difference.ts'
import type { Expectation } from './expectation.ts'
import type { Terms } from './terms.ts'

/** Trace flags that are known of a span: whether it is sampled, that the next is known, whether its parent is remote. */
const flag = { sampled: 0x1, hasRemote: 0x100, isRemote: 0x200 }
const known = flag.sampled | flag.hasRemote | flag.isRemote

/** What became of what travels with a span beside what was written on it. */
export function compareEnvelope(expectation: Expectation, span: ReceivedSpan, { transport, senders }: Terms): Found[] {
  const { step, isRemoteParent, traceState } = expectation
  const found: Found[] = []
  // A SERVER span may be an instrumentation's.
  const [sender] = step.facts.operation === 'http_server' ? [] : (senders.get(step.service) ?? [])
  if (sender && !isSameScope(sender.scope, span.scope))
    found.push({ kind: 'scope_changed', expected: sender.scope, actual: span.scope })
  if (span.traceState !== traceState)
    found.push({ kind: 'trace_state_changed', expected: traceState, actual: span.traceState })
  if (!transport.hasFlagsAndCounts) return found
  const isRemote = isRemoteParent || step.span_id === null
  const flags = flag.sampled | flag.hasRemote | (isRemote ? flag.isRemote : 0)
  if ((span.flags & known) !== flags) found.push({ kind: 'flags_changed', expected: flags, actual: span.flags })
  const { attributes, events, links } = span.dropped
  if (attributes + events + links > 0)
    found.push({ kind: 'dropped_count_changed', expected: nothingDropped, actual: span.dropped })
  return found
}

const isSameScope = (a: Sender['scope'], b: ReceivedSpan['scope']) => a.name === b.name && a.version === b.version
