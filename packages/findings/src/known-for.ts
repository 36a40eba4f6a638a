import type { PlantedKind } from 'contract/taxonomy'

/**
 * What a scenario is known for, which is all that may be wrong at level 1, and the value of `faults` that plants it; of those
 * that are not here every run is healthy then.
 */
const knownFor: Readonly<Record<string, { kind: PlantedKind; faults: string }>> = {
  fanout: { kind: 'straggler', faults: 'own' },
  chain: { kind: 'straggler', faults: 'straggler' },
  retry: { kind: 'faulty_tool', faults: 'own' },
  dag: { kind: 'straggler', faults: 'own' },
  react: { kind: 'slow_tool', faults: 'own' },
  loop: { kind: 'loop', faults: 'own' },
  overflow: { kind: 'overflow', faults: 'own' },
  stream: { kind: 'contention', faults: 'own' },
  cascade: { kind: 'capacity_loss', faults: 'own' },
  silent: { kind: 'body_error', faults: 'own' },
  hallucination: { kind: 'no_tool', faults: 'own' },
  handoff: { kind: 'severed', faults: 'own' },
}

export const knownForAt1 = (scenario: string) => (Object.hasOwn(knownFor, scenario) ? knownFor[scenario] : undefined)
