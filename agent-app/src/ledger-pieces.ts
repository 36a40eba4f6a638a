import type { LedgerAnswer, RunLedger } from 'contract/ledger'

/** Steps in a piece: some 100 KB of JSON, and less than a millisecond of work. */
const stepsOfPiece = 128

/** The JSON of a ledger in pieces: one of 40,000 steps has 26 MB, and a whole second of everybody's time. */
export function* ledgerPieces({ runs, ...answer }: LedgerAnswer): Generator<string> {
  yield `${JSON.stringify(answer).slice(0, -1)},"runs":[`
  for (const [index, run] of runs.entries()) {
    if (index > 0) yield ','
    yield* runPieces(run)
  }
  yield ']}'
}

/** The JSON of one run's. */
export function* runPieces({ steps, ...run }: RunLedger): Generator<string> {
  yield `${JSON.stringify(run).slice(0, -1)},"steps":[`
  // What a run adds while it is read comes with the next request.
  const { length } = steps
  for (let from = 0; from < length; from += stepsOfPiece) {
    const piece = JSON.stringify(steps.slice(from, Math.min(from + stepsOfPiece, length))).slice(1, -1)
    yield from > 0 ? `,${piece}` : piece
  }
  yield ']}'
}
