import type { LedgerStep } from 'contract/ledger'
import { type PlantedCategory, plantedKinds } from 'contract/taxonomy'
import { Run, type RunRequest } from '../run.ts'
import { levelOf } from '../levels/level.ts'
import { VirtualClock } from '../virtual/clock.ts'
import { drive, type Played } from '../virtual/drive.ts'
import { VirtualPeers } from '../virtual/peers.ts'
import { silentRecorder } from '../virtual/silent.ts'
import { VirtualTools } from '../virtual/tools.ts'
import type { InForce } from './register.ts'

/** What came of a run that was played again in virtual time, with nothing written and no network between. */
export interface Replay {
  /** Of the workflow; or of the calls that are compared, where some are. */
  ms: number
  /** Of it, what was no wait for a person. */
  busyMs: number
  ok: boolean
  /** That were paid for: of models, in and out, without what a cache had, and of chunks that were worked through. */
  tokens: number
  faults: readonly ReplayedFault[]
  /** Whether others played parts of it: what struck those is no fault of it. */
  hasParts: boolean
  /** How much there was to play. */
  pieces: number
}

export interface ReplayedFault {
  id: string
  losesCall: boolean
  /** Whether it may keep work from being done in which other faults would have struck. */
  mayHide: boolean
  breaksTrace: boolean
  isHarmless: boolean
  /** How long the steps took that it struck, and when the last of them ended. */
  tookMs: number
  endMs: number
}

/** Of faults that keep nothing from being done. */
const hidesNothing: ReadonlySet<PlantedCategory> = new Set([
  'latency',
  'dependency',
  'retry_amplification',
  'resource_contention',
  'coordination',
])

/** Nobody reads its spans. */
const agent = { serviceName: 'replay', agentName: undefined, captureContent: false }

/** Plays a run once for each of these: all it draws is the same, but for the faults that are not in force. */
export async function replay(request: RunRequest, inForce: readonly InForce[]): Promise<Replay[]> {
  const replays: Replay[] = []
  const begun = inForce.values().map((rule) => begin({ ...request, inForce: rule }))
  await drive(begun, (played) => void replays.push(played))
  return replays
}

function begin(request: RunRequest): Played<Replay> {
  const clock = new VirtualClock(0)
  const tools = new VirtualTools(clock)
  const make = (asked: RunRequest) => new Run({ clock, tools, peers, recorder: silentRecorder }, agent, asked)
  // The seed of the whole is the keyed one already.
  const peers: VirtualPeers = new VirtualPeers(clock, ({ params, isBlind }, part) =>
    make({ ...request, secret: undefined, params, isBlind, part }),
  )
  // What goes on when a person has answered costs what it does to the whole.
  const isRest = request.part?.resumes !== undefined && levelOf(request.params) > 1
  const run = make(isRest ? { ...request, part: undefined } : request)
  // Its ledger goes at once: there may be a hundred of them.
  return { clock, result: run.play().then(() => figuresOf(run, peers.parts)) }
}

/** How much there is to play in a run of these steps: each of them, and each token that comes by itself. */
export function piecesOf(steps: readonly LedgerStep[]): number {
  const streamed = steps.reduce(
    (sum, { facts }) => sum + (facts.operation === 'chat' && facts.stream === true ? (facts.output_tokens ?? 0) : 0),
    0,
  )
  return steps.length + streamed
}

function tokensOf(facts: LedgerStep['facts']): number {
  switch (facts.operation) {
    case 'chat':
      return (facts.input_tokens ?? 0) - (facts.cached_tokens ?? 0) + (facts.output_tokens ?? 0)
    case 'process_chunk':
      return facts.output_tokens ?? 0
    default:
      return 0
  }
}

function figuresOf({ ok, ledger: { steps }, faults }: Run, parts: readonly Run[]): Replay {
  let [ms, waitedMs, tokens] = [0, 0, 0]
  const { comparedCalls } = faults
  for (const { key, facts, duration_ms, parent_id } of steps) {
    if (comparedCalls?.has(key)) ms += duration_ms ?? 0
    // A part has no workflow: its agent is all of it.
    if (facts.operation === 'invoke_workflow' || (facts.operation === 'invoke_agent' && parent_id === 0))
      ms = comparedCalls ? ms : (duration_ms ?? 0)
    else if (facts.operation === 'human_feedback') waitedMs += duration_ms ?? 0
    else tokens += tokensOf(facts)
  }
  for (const { ledger } of parts) for (const { facts } of ledger.steps) tokens += tokensOf(facts)
  const busyMs = Math.max(0, ms - waitedMs)
  return {
    ms,
    busyMs,
    ok: ok === true,
    tokens,
    faults: faultsOf(faults, steps),
    hasParts: parts.length > 0,
    pieces: piecesOf(steps),
  }
}

function faultsOf({ faults }: Run['faults'], steps: readonly LedgerStep[]): ReplayedFault[] {
  if (faults.length === 0) return []
  const byKey = new Map(steps.map((step) => [step.key, step]))
  return faults.map(({ id, kind, losesCall = false, breaksTrace = false, isHarmless = false, steps: struck }) => {
    const mayHide = losesCall || !hidesNothing.has(plantedKinds[kind].category)
    let [tookMs, endMs] = [0, 0]
    for (const key of struck) {
      const { start_ms = 0, duration_ms = 0 } = byKey.get(key) ?? {}
      tookMs += duration_ms ?? 0
      endMs = Math.max(endMs, start_ms + (duration_ms ?? 0))
    }
    return { id, losesCall, mayHide, breaksTrace, isHarmless, tookMs, endMs }
  })
}
