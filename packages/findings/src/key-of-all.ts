import type { Key, KeyAnswer } from 'contract/key'

/** One key of a run and of the parts of it that others played in the same trace: pending where one is, null where none has one. */
export function keyOfAll(keys: readonly KeyAnswer[]): KeyAnswer {
  if (keys.includes('pending')) return 'pending'
  const made = keys.filter((key): key is Key => key !== null && key !== 'pending')
  const [first, ...others] = made
  if (!first || others.length === 0) return first ?? null
  const all = <Of>(of: (key: Key) => readonly Of[]) => made.flatMap(of)
  const worst = made.reduce((a, b) => (b.disturbance.added_p99_ms > a.disturbance.added_p99_ms ? b : a))
  return {
    ...first,
    verdict: made.some(({ verdict }) => verdict === 'faulty') ? 'faulty' : 'healthy',
    faults: all(({ faults }) => faults),
    neutral: all(({ neutral }) => neutral),
    slack: all(({ slack }) => slack),
    decoys: all(({ decoys }) => decoys),
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
