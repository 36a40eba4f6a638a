import type { Key } from 'contract/key'
import type { RunLedger } from 'contract/ledger'
import { parseQuirks } from 'contract/quirks'
import { keyedSeed } from 'contract/secret'
import { genAiBlind } from 'dialects/gen-ai/blind'
import { genAi } from 'dialects/gen-ai/dialect'
import type { Offer, ParamValues } from 'engine/catalog'
import { drawsOf } from 'engine/draws'
import { keyOf } from 'engine/key/key'
import { type Agent, Run } from 'engine/run'
import { VirtualClock } from 'engine/virtual/clock'
import type { Played } from 'engine/virtual/drive'
import { VirtualTools } from 'engine/virtual/tools'
import { VirtualRecorder, VirtualSpan } from './recorder.ts'
import { eachSpan, spansOf, type TakeSpan } from './spans.ts'

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
}

export const agent: Agent = { serviceName: 'synthetic-agent-app', agentName: undefined, captureContent: false }

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
  // Generators of their own: no draw of the run's moves for ids and network.
  const recorder = new VirtualRecorder(
    (secret === undefined ? genAi : genAiBlind).withQuirks(parseQuirks(params.quirks)),
    drawsOf(keyed(ids), name).fork('spans'),
  )
  const tools = new VirtualTools(clock, {
    network: drawsOf(keyed(seed), name).fork('network'),
    served(served, below) {
      if (below instanceof VirtualSpan) below.answered(served)
    },
  })
  const run = new Run({ clock, tools, recorder }, agent, { route: path, scenario, params: { ...params, seed }, secret })
  const result = run.play().then((): PlayedRun => {
    run.close()
    let key: Promise<Key> | undefined
    const findKey = () => {
      const answered = recorder.spans.filter(({ served }) => served !== undefined)
      const servers = new Map(answered.map(({ id, servedId }) => [id, servedId]))
      return keyOf(run, { serverSpanOf: (client) => servers.get(client) })
    }
    const ended = {
      service: agent.serviceName,
      facts: run.facts,
      steps: run.ledger.steps,
      recorder,
      path,
      query: secret === undefined ? query : '',
    }
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
    }
  })
  return { clock, result }
}

/** As it would stand in the request's span: what was asked for, but for the seed. */
export function queryOf({ scenario }: Offer, params: ParamValues): string {
  const query = new URLSearchParams(scenario.path === '/run' ? { scenario: scenario.name } : {})
  for (const [name, value] of Object.entries(params)) query.set(name, String(value))
  return query.toString()
}
