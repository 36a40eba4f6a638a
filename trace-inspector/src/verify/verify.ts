import type { LedgerAnswer } from 'contract/ledger'
import { disturbedBy } from 'findings/planted'
import { instanceIdAttribute } from 'dialects/gen-ai/names'
import type { AskedLedger } from '../ledgers.ts'
import type { ReceivedSpan } from '../otlp/span.ts'
import { type Transport, otlp } from './transport.ts'
import { compare, nothing, type Received } from './compare.ts'
import { type Difference, type DifferenceKind, Differences } from './difference.ts'
import { type Excuse, whereTo } from './excuse.ts'
import { isRunning, pathOf } from './expectation.ts'
import { skewByService } from './skew.ts'
import { unheardOf } from './strangers.ts'
import { shortPath } from './path.ts'

/**
 * `complete`: all there, once, unchanged. `absent`: nothing came, or nothing was sampled. An excuse where something is
 * missing and there is one: neither pass nor fail. So is `no_ledger`: spans came of a run that no agent knows any more, or an
 * agent that does not answer may have a run of the trace, or more of one that was under way.
 */
export type Verdict = 'complete' | 'incomplete' | 'altered' | 'absent' | 'no_ledger' | Excuse['verdict']

export interface Verification {
  trace_id: string
  /** That the machine had the say in what is seen, in a sentence; null where it had not. It goes before anything else. */
  disturbed: string | null
  verdict: Verdict
  /** Whether a run of it keeps what it knows, so that no difference is told. */
  sealed: boolean
  /** Whether the run may still make spans. */
  run: 'running' | 'closed'
  counts: {
    /** Spans that are owed by now. */
    expected: number
    /** Spans that came, each counted once. */
    received: number
    /** SERVER spans of calls that got no answer: they may come, and need not. */
    not_owed: number
    /** Spans of whoever called the run, in the same trace. */
    of_caller: number
    /** Spans of runs that nobody has a ledger of: what they were, and how many, nobody knows. */
    without_ledger: number
    /** Spans that are not here, and for which the verdict is the excuse. */
    excused: number
    differences: number
  } & Record<DifferenceKind, number>
  /** The first hundred. */
  differences: Difference[]
  /** Why something is missing, where that is known: one sentence. */
  note: string | null
  /** How far ahead of the agent's clock others were, ms, by service; subtracted before times were compared. */
  clock_skew_ms: Record<string, number>
  /** What the way that the spans came cannot carry, and what is not compared, in words. */
  not_carried: readonly string[]
}

/** What is missing, and what its being missing does to others. */
const ofMissing = new Set<DifferenceKind>(['missing', 'orphaned'])

/** What is to be said of a trace. `excuse` is for what is missing. */
export function verify(
  ledger: AskedLedger,
  received: Received = nothing,
  { transport = otlp, excuse }: { transport?: Transport; excuse?: Excuse | undefined } = {},
): Verification {
  const { spans } = received
  const { pairs, missing, skew, strangers, flaws } = compare(ledger, received, transport)
  const isExcused = excuse !== undefined && missing.length > 0
  const differences = new Differences()
  for (const { found, expectation, span } of flaws) {
    if (isExcused && ofMissing.has(found.kind)) continue
    differences.add(found, span?.spanId ?? expectation?.step.span_id ?? null, () =>
      expectation ? pathOf(expectation) : span ? pathOfSpan(span, spans) : '',
    )
  }

  const run = ledger.runs.some(isRunning) ? 'running' : 'closed'
  const { withoutLedger } = strangers
  const hasCome = pairs.length + strangers.unexpected.length + withoutLedger.length > 0
  const isKnown = ledger.runs.length > 0
  const unheard = unheardOf(ledger)
  return {
    trace_id: ledger.trace_id,
    disturbed: disturbanceIn(ledger),
    verdict: isExcused
      ? excuse.verdict
      : !hasCome
        ? 'absent'
        : missing.length > 0 || (run === 'running' && !ledger.brokenOff)
          ? 'incomplete'
          : differences.total > 0 && run === 'closed' && isKnown
            ? 'altered'
            : withoutLedger.length + unheard.length > 0
              ? 'no_ledger'
              : 'complete',
    sealed: ledger.runs.some((run) => run.sealed === true),
    run,
    counts: {
      expected: pairs.length + missing.length,
      received: spans.size,
      not_owed: strangers.notOwed.length,
      of_caller: strangers.ofCaller.length,
      without_ledger: withoutLedger.length,
      excused: isExcused ? missing.length : 0,
      differences: differences.total,
      ...differences.counts,
    },
    differences: differences.list,
    note: isExcused
      ? excuse.why
      : withoutLedger.length > 0
        ? [whose(withoutLedger), ...unheard].join('; ')
        : unheard.length > 0
          ? `Whether there is more of this trace is not known: ${unheard.join('; ')}`
          : !hasCome && missing.length > 0 && ledger.senders.length > 0
            ? whereTo(ledger.senders)
            : null,
    clock_skew_ms: skewByService(skew),
    not_carried: transport.notCarried,
  }
}

/** Whether waiting can change nothing any more: what is altered does not become better, what is missing may still come. */
export function isSettled({ run, counts }: Verification): boolean {
  return run === 'closed' && counts.missing + counts.excused === 0
}

/** What the machine did to the most disturbed of the runs. */
function disturbanceIn({ runs }: LedgerAnswer): string | null {
  const disturbances = runs.flatMap(({ key }) => (key && key !== 'pending' && key.disturbed ? [key.disturbance] : []))
  const worst = disturbances.toSorted((a, b) => b.added_p99_ms - a.added_p99_ms)[0]
  return worst ? disturbedBy(worst) : null
}

/** Who made spans without a ledger, in a sentence. */
function whose(spans: readonly ReceivedSpan[]): string {
  const instances = new Set(
    spans.map(({ service, resource }) => `${service} ${valueText(resource[instanceIdAttribute])}`.trim()),
  )
  // Whichever came first, the same is named.
  const [first, ...others] = [...instances].toSorted()
  const more = others.length > 0 ? ` and ${others.length} other${others.length > 1 ? 's' : ''}` : ''
  return `No agent has a ledger of ${spans.length} spans: ${first}${more} made them, and may be gone`
}

const valueText = (value: unknown) => (typeof value === 'string' ? value : '')

function pathOfSpan(span: ReceivedSpan, spans: ReadonlyMap<string, ReceivedSpan>): string {
  const names = new Map<ReceivedSpan, string>()
  // Spans from outside may be each other's parents.
  for (let at: ReceivedSpan | undefined = span; at && !names.has(at); at = spans.get(at.parentSpanId ?? ''))
    names.set(at, at.name)
  return shortPath([...names.values()].reverse())
}
