import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { Problem } from 'service-kit/problem'

/**
 * The keys of a trace's runs; one that did not come to its end has none, and nothing to score. Throws a 409 problem where no
 * run has one, and where one is still being made.
 */
export function keysOf(runs: readonly RunLedger[]): Key[] {
  const keys = runs.map(({ key }) => key ?? null).filter((key) => key !== null)
  const made = keys.filter((key) => key !== 'pending')
  if (made.length < keys.length) throw noKey('it is still being made')
  if (made.length > 0) return made
  throw noKey(
    'no run has come to its end, or its ledger is from a file that was written without keys (simulate --ledger FILE --key FILE)',
  )
}

const noKey = (why: string) => new Problem(409, 'No key', `There is no key to score by: ${why}`)
