import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { Problem } from 'service-kit/problem'

/** The keys of a trace's runs. Throws a 409 problem when one has none: nothing can be scored then. */
export function keysOf(runs: readonly RunLedger[]): Key[] {
  return runs.map(({ key }) => {
    if (typeof key === 'object' && key !== null) return key
    const why =
      key === 'pending'
        ? 'it is still being made'
        : 'the run has not come to its end, or its ledger is from a file that was written without keys (simulate --ledger FILE --key FILE)'
    throw new Problem(409, 'No key', `There is no key to score by: ${why}`)
  })
}
