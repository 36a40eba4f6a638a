import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { keyOfAll } from 'findings/key-of-all'
import { Problem } from 'service-kit/problem'

/**
 * The keys of a trace's runs, each with those of its parts in this trace; one that did not come to its end has none, and
 * nothing to score. Throws a 409 problem where no run has one, and where one is still being made.
 */
export function keysOf(runs: readonly RunLedger[]): Key[] {
  const keys = wholesIn(runs).map((whole) => keyOfAll(whole.map(({ key }) => key)))
  if (keys.includes('pending')) throw noKey('it is still being made')
  const made = keys.filter((key): key is Key => key !== null && key !== 'pending')
  if (made.length > 0) return made
  throw noKey(
    'no run has come to its end, or its ledger is from a file that was written without keys (simulate --ledger FILE --key FILE)',
  )
}

/** Each run with its parts: they have its seed. Where it is in another trace, they are together all the same. */
function wholesIn(runs: readonly RunLedger[]): RunLedger[][] {
  const parts = Map.groupBy(
    runs.filter(({ part }) => part),
    ({ seed }) => seed,
  )
  const wholes = runs.filter(({ part }) => !part).map((run) => [run, ...takeFrom(parts, run.seed)])
  return [...wholes, ...parts.values()]
}

function takeFrom<Value>(map: Map<string, Value[]>, key: string): Value[] {
  const taken = map.get(key) ?? []
  map.delete(key)
  return taken
}

const noKey = (why: string) => new Problem(409, 'No key', `There is no key to score by: ${why}`)
