import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { parseQuirks } from 'contract/quirks'
import { keyedSeed } from 'contract/secret'
import { handoffPath, type Part } from 'contract/handoff'
import { genAiBlind } from 'dialects/gen-ai/blind'
import { genAi } from 'dialects/gen-ai/dialect'
import type { Offer, ParamValues } from 'engine/catalog'
import { drawsOf } from 'engine/draws'
import { keyOf } from 'engine/key/key'
import { type Agent, Run, type RunRequest } from 'engine/run'
import type { OpenSpan, WholeRun } from 'engine/ports'
import { VirtualClock } from 'engine/virtual/clock'
import type { Played } from 'engine/virtual/drive'
import { VirtualPeers } from 'engine/virtual/peers'
import { VirtualTools } from 'engine/virtual/tools'
import { VirtualRecorder, VirtualSpan } from './recorder.ts'
import { eachSpan, type EndedRun, spansOf, type TakeSpan } from './spans.ts'

/** A run to be played, with everything about it decided. */
export interface Asked {
  offer: Offer
  params: ParamValues
  /** What `queryOf` makes of them, where it is known already. */
  query?: string
  seed: string
  /** What ids come from where another trace has the same seed; otherwise they come from the seed. */
  ids?: string | undefined
  /** Of a blind run: without it no draw and no id is found by its seed. */
  secret?: string | undefined
  startMs: number
}

/** What came of it. */
export interface PlayedRun {
  traceId: string
  /** How many spans it has. */
  spans: number
  /** Hands over its spans, a parent before its children; each is read at once or never. */
  eachSpan: (take: TakeSpan) => void
  /** All that it did, its finding with it. */
  ledger: () => RunLedger
  /** The right answer to it, for which it is played again. */
  key: () => Promise<Key>
  /** Of a run that was handed over, or went on later: what others played of it, in this trace or in traces of their own. */
  parts: readonly PlayedRun[]
}

export const agent: Agent = { serviceName: 'synthetic-agent-app', agentName: undefined, captureContent: false }
/** Whom it hands over to. */
export const peer: Agent = { ...agent, serviceName: 'synthetic-agent-app-secondary' }

/** Begins a run in virtual time; it goes on as its clock is advanced. */
export function begin({
  offer,
  params,
  query = queryOf(offer, params),
  seed,
  ids = seed,
  secret,
  startMs,
}: Asked): Played<PlayedRun> {
  const { scenario } = offer
  const { path, name } = scenario
  const clock = new VirtualClock(startMs)
  const keyed = (text: string) => (secret === undefined ? text : keyedSeed(secret, text))
  const dialect = (secret === undefined ? genAi : genAiBlind).withQuirks(parseQuirks(params.quirks))
  // Generators of their own: no draw of the run's moves for ids and network.
  const idsOf = (part: string) => drawsOf(keyed(ids), name).fork(`spans${part}`)
  const networkOf = (of: string) => drawsOf(keyed(seed), name).fork(of)
  const tools = new VirtualTools(clock, {
    network: networkOf('network'),
    served(served, below) {
      if (below instanceof VirtualSpan) below.answered(served)
    },
  })
  const recorders = new Map<Run, VirtualRecorder>()
  const make = (request: RunRequest, recorder: VirtualRecorder, by: Agent): Run => {
    const run = new Run({ clock, tools, peers, recorder }, by, request)
    recorders.set(run, recorder)
    return run
  }
  const makePart = ({ params, isBlind }: WholeRun, part: Part, below: OpenSpan | undefined): Run => {
    const above = below instanceof VirtualSpan ? { recorder: below.recorder, spanId: below.id } : undefined
    const recorder = new VirtualRecorder(dialect, idsOf(` ${part.name}`), above)
    return make({ route: path, scenario, params: { ...params }, isBlind, part }, recorder, part.resumes ? agent : peer)
  }
  const peers: VirtualPeers = new VirtualPeers(clock, makePart, networkOf('peers'))
  const request = { route: path, scenario, params: { ...params, seed }, secret }
  const run = make(request, new VirtualRecorder(dialect, idsOf('')), agent)
  const told = (played: Run, asked: Pick<EndedRun, 'path' | 'query'>) =>
    playedOf(played, recorders.get(played) as VirtualRecorder, asked)
  const result = run.play().then(async (): Promise<PlayedRun> => {
    run.close()
    await peers.resume(run)
    const asked = { path, query: secret === undefined ? query : '' }
    return { ...told(run, asked), parts: peers.parts.map((part) => told(part, { path: handoffPath, query: '' })) }
  })
  return { clock, result }
}

/** What came of a run that has ended. */
function playedOf(run: Run, recorder: VirtualRecorder, asked: Pick<EndedRun, 'path' | 'query'>): PlayedRun {
  let key: Promise<Key> | undefined
  const findKey = () => {
    const answered = recorder.spans.filter(({ served }) => served !== undefined)
    const servers = new Map(answered.map(({ id, servedId }) => [id, servedId]))
    return keyOf(run, { serverSpanOf: (client) => servers.get(client) })
  }
  const { steps } = run.ledger
  const ended = { service: run.serviceName, facts: run.facts, steps, recorder, ...asked }
  return {
    traceId: recorder.traceId,
    spans: spansOf(recorder),
    eachSpan: (take) => eachSpan(ended, take),
    ledger() {
      run.conclude()
      return run.toLedger()
    },
    // More than one file may ask for it.
    key: () => (key ??= findKey()),
    parts: [],
  }
}

/** As it would stand in the request's span: what was asked for, but for the seed. */
export function queryOf({ scenario }: Offer, params: ParamValues): string {
  const query = new URLSearchParams(scenario.path === '/run' ? { scenario: scenario.name } : {})
  for (const [name, value] of Object.entries(params)) query.set(name, String(value))
  return query.toString()
}
