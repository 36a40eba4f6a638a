import { boosting, type Learn, logistic } from './classifiers.ts'
import { type Features, featuresOf, featuresOfTrace } from './features.ts'
import { type Item, separate, type Separation } from './separation.ts'
import { play, type SeenSpan, type Trace } from './traces.ts'

/** What classifiers make of the blind runs of one scenario, the better of the two in each case. */
export interface Certificate {
  scenario: string
  faulty: number
  controls: number
  /** Culprits against peers: the same work at the same tool or shard, that usually takes about as long. */
  peers: Separation
  /** Culprits against all that is the same work at the same tool or shard. */
  all: Separation
  /** Faulty runs against controls. */
  runs: Separation
}

/** How well culprits may be told from peers, and faulty runs from controls. */
export const mostAuc = 0.55

/** Whether a separation is no better than may be, as far as so many culprits can say: at 95 %, one-sided. */
export const isBlind = ({ auc, error }: Separation): boolean => auc - 1.645 * error <= mostAuc

/**
 * Whether all that is wrong with a run is that calls took longer than they had to: other faults are to be seen without a clock,
 * by what failed, was repeated or came before what.
 */
export function isLate({ key }: Trace): boolean {
  const wrong = key.faults.filter(({ standing }) => standing !== 'neutral')
  return wrong.length > 0 && wrong.every((fault) => fault.category === 'latency' && fault.magnitude?.unit === 'factor')
}

/** Late runs, and the control of each: of the same draws, with what only looks like a fault. */
export interface LateRuns {
  scenario: string
  late: readonly Trace[]
  controls: readonly Trace[]
}

/** Plays blind runs of a scenario until so many of them are late, or it is clear that few are. */
export async function lateRuns(scenario: string, level: string, wanted: number, secret: string): Promise<LateRuns> {
  const late = new Map<string, Trace>()
  const wantedOf = (control: boolean) => ({ scenario, query: { level, control: String(control) } })
  for (let played = 0; played < wanted * 8 && late.size < wanted; played += wanted) {
    const seeds = Array.from({ length: wanted }, (_, index) => `${played + index}`)
    for (const [index, trace] of (await play(wantedOf(false), seeds, secret)).entries())
      if (isLate(trace)) late.set(seeds[index] as string, trace)
  }
  // The twin of a fault of another kind would tell a control by that kind.
  const controls = await play(wantedOf(true), [...late.keys()], secret)
  return { scenario, late: [...late.values()], controls }
}

/** All that is seen of the spans of a trace. */
export type See = (trace: Trace) => Map<string, Features>

/** Tries to tell culprits from peers, and faulty runs from controls, in runs of one scenario. */
export function certify({ scenario, late: faulty, controls }: LateRuns, see: See = featuresOf): Certificate {
  const runs = [faulty, controls].flatMap((traces) =>
    traces.map((trace, group) => ({
      features: featuresOfTrace(see(trace)),
      isCulprit: traces === faulty,
      stratum: 'runs',
      group,
    })),
  )
  const seen = faulty.map(see)
  const itemsOf = (isPeer: IsPeer) =>
    faulty.flatMap((trace, group) => itemsOfTrace(trace, group, seen[group] as Map<string, Features>, isPeer))
  return {
    scenario,
    faulty: faulty.length,
    controls: controls.length,
    peers: best(itemsOf(isAlike)),
    all: best(itemsOf(() => true)),
    runs: best(runs),
  }
}

const classifiers: readonly Learn[] = [logistic, boosting]

function best(items: readonly Item[]): Separation {
  const found = classifiers.map((learn) => separate(items, learn))
  return found.reduce((a, b) => (b.auc > a.auc ? b : a))
}

/** More peers of a culprit say nothing more of it. */
const mostPeers = 8

/** The spans that do work: features of one have those of its agent and of its HTTP call. */
const work = /^(execute_tool|chat|process_chunk|retrieval|human_feedback)/
/** A tool and a shard have a baseline that everybody knows. */
const workOf = ({ name, attributes }: SeenSpan) => `${name} ${String(attributes.get('gen_ai.data_source.id') ?? '')}`
const msOf = ({ startMs, endMs }: SeenSpan) => Math.max(0.001, endMs - startMs)

/** Whether a span is a peer of a culprit that would have taken `usualMs`. */
type IsPeer = (span: SeenSpan, usualMs: number) => boolean

/**
 * A fault is asked about where it costs a share of the run, and one of what takes long costs more: that is no leak but
 * arithmetic, and likeness takes it out.
 */
const isAlike: IsPeer = (span, usualMs) => Math.abs(Math.log(msOf(span) / usualMs)) < Math.log(1.5)

function itemsOfTrace(trace: Trace, group: number, features: Map<string, Features>, isPeer: IsPeer): Item[] {
  const { faults, neutral } = trace.key
  const left = new Set([...neutral, ...faults.flatMap(({ accepted }) => accepted.flat())])
  const working = trace.spans.filter(({ name }) => work.test(name))
  return faults.flatMap(({ standing, accepted, magnitude }, fault) => {
    const named = new Set(accepted.flat())
    return working.flatMap((culprit) => {
      if (standing === 'neutral' || !named.has(culprit.spanId)) return []
      const usualMs = msOf(culprit) / (magnitude?.value ?? 1)
      const alike = working.filter(
        (span) => !left.has(span.spanId) && workOf(span) === workOf(culprit) && isPeer(span, usualMs),
      )
      const every = Math.max(1, Math.floor(alike.length / mostPeers))
      const peers = alike.filter((_, index) => index % every === group % every)
      return [culprit, ...peers].map((span) => ({
        features: features.get(span.spanId) as Features,
        isCulprit: span === culprit,
        stratum: `${group} ${fault} ${culprit.spanId}`,
        group,
      }))
    })
  })
}

/** The certificates of several scenarios in one: the mean over all culprits. */
export function together(certificates: readonly Certificate[]): Certificate {
  const mean = (pick: (one: Certificate) => Separation): Separation => {
    const all = certificates.map(pick).filter(({ culprits }) => culprits > 1)
    const culprits = all.reduce((sum, one) => sum + one.culprits, 0)
    const auc = all.reduce((sum, one) => sum + one.auc * one.culprits, 0) / culprits
    const variance = all.reduce((sum, one) => sum + (one.error * one.culprits) ** 2, 0)
    return { auc, error: Math.sqrt(variance) / culprits, culprits }
  }
  return {
    scenario: 'all',
    faulty: certificates.reduce((sum, { faulty }) => sum + faulty, 0),
    controls: certificates.reduce((sum, { controls }) => sum + controls, 0),
    peers: mean(({ peers }) => peers),
    all: mean(({ all }) => all),
    runs: mean(({ runs }) => runs),
  }
}
