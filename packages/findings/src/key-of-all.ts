import type { Key, KeyAnswer, KeyFault } from 'contract/key'

/** One key of a run and of the parts of it that others played in the same trace: pending where one is, null where none has one. */
export function keyOfAll(keys: readonly KeyAnswer[]): KeyAnswer {
  if (keys.includes('pending')) return 'pending'
  const made = keys.filter((key): key is Key => key !== null && key !== 'pending')
  const [first, ...others] = made
  return first ? withParts(first, others) : null
}

/**
 * The key of a run with those of its parts, which others played, or which went on later: a fault that struck in more than one
 * of them is one, named by what names it in any.
 */
export function withParts(first: Key, others: readonly Key[]): Key {
  if (others.length === 0) return first
  const made = [first, ...others]
  const all = <Of>(of: (key: Key) => readonly Of[]) => made.flatMap(of)
  const faults = faultsOf(made)
  const culprits = new Set(faults.flatMap(({ standing, accepted }) => (standing === 'neutral' ? [] : accepted.flat())))
  const neutral = new Set(all((key) => key.neutral)).difference(culprits)
  const worst = made.reduce((a, b) => (b.disturbance.added_p99_ms > a.disturbance.added_p99_ms ? b : a))
  return {
    ...first,
    verdict: made.some(({ verdict }) => verdict === 'faulty') ? 'faulty' : 'healthy',
    faults,
    neutral: [...neutral],
    slack: [...new Set(all(({ slack }) => slack)).difference(culprits)],
    decoys: [...new Set(all(({ decoys }) => decoys)).difference(culprits).difference(neutral)],
    step_limit: made.some(({ step_limit }) => step_limit),
    unplanned: {
      count: all(({ unplanned }) => [unplanned.count]).reduce((a, b) => a + b),
      error_types: Object.assign({}, ...all(({ unplanned }) => [unplanned.error_types])) as Record<string, number>,
      spans: all(({ unplanned }) => unplanned.spans),
    },
    disturbed: made.some(({ disturbed }) => disturbed),
    disturbance: worst.disturbance,
  }
}

/** Of all these keys, each by its id; what it is and what it cost is what the first says that knows of it. */
function faultsOf(keys: readonly Key[]): KeyFault[] {
  const byId = new Map<string, KeyFault>()
  for (const fault of keys.flatMap(({ faults }) => faults)) {
    const known = byId.get(fault.id)
    const accepted = [...new Set([...(known?.accepted.flat() ?? []), ...fault.accepted.flat()])]
    byId.set(fault.id, known ? { ...known, accepted: [accepted] } : fault)
  }
  return [...byId.values()]
}
