import { answerTo, refusalOf } from 'contract/toolbox'
import { genAi } from 'dialects/gen-ai/dialect'
import { Catalog, type ParamValues } from 'engine/catalog'
import type { Demand } from 'engine/demand'
import { refusal } from 'engine/errors'
import type { Clock, OpenSpan, Recorder, Tools } from 'engine/ports'
import { Run, type RunRequest, type RunResult } from 'engine/run'
import type { Plan, Scenario } from 'engine/scenario'
import { scenarios } from 'engine/scenarios/index'
import { VirtualPeers } from 'engine/virtual/peers'
import type { WallClock } from 'service-kit/clock'

/**
 * Time that passes only when nobody has anything to do: it then jumps to the next that is waited for. Properties that need
 * hundreds of runs are shown in it; what needs real time is shown on real processes.
 */
export class SimulatedClock implements WallClock {
  #now = 1_700_000_000_000
  readonly #sleepers: { at: number; wake: () => void }[] = []
  #isScheduled = false

  now(): number {
    return this.#now
  }

  anchored(): WallClock {
    return this
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve })
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      const at = Math.min(...this.#sleepers.map((sleeper) => sleeper.at))
      this.#now = Math.max(this.#now, at)
      for (let index = this.#sleepers.length - 1; index >= 0; index--) {
        if ((this.#sleepers[index] as { at: number }).at <= at) this.#sleepers.splice(index, 1)[0]?.wake()
      }
      if (this.#sleepers.length > 0) this.#schedule()
    })
  }
}

/** tool-service without HTTP: it does what the call says. */
function simulatedTools(clock: Clock): Tools {
  const service = 'synthetic-tool-service'
  return {
    addressOf: (tool) => ({
      url: `http://tools.invalid/tool/${tool}`,
      server_address: 'tools.invalid',
      server_port: 80,
    }),
    async call(
      { tool, delayMs, fails, payloadKb, asked, flaw, version, seed, key, status = 503, retryAfterS },
      _span,
      signal,
    ) {
      await clock.sleep(delayMs, signal)
      const left = retryAfterS !== undefined && { retryAfterMs: retryAfterS * 1000, retryAfter: String(retryAfterS) }
      const refused = asked && !asked.isDrawn ? refusalOf(tool, asked.text) : undefined
      if (refused || fails) throw refusal(tool, refused?.status ?? status, { service, delayMs, ...left })
      const payload = 'x'.repeat(Math.round(payloadKb * 1024))
      const result = answerTo(tool, { text: asked?.text, seed, key, flaw, version })
      return { tool, delay_ms: delayMs, ok: true, result, payload, payloadBytes: payload.length, service }
    },
  }
}

/** Spans that nobody hears of, with ids of their own, after so many, below this one. */
function silentRecorder(after = 0, below?: OpenSpan): Recorder {
  let spans = after
  const open = (): OpenSpan => {
    const id = (++spans).toString(16).padStart(16, '0')
    return { id, open, learn() {}, event() {}, fail() {}, end() {}, inject() {}, link() {} }
  }
  return {
    dialect: genAi,
    traceId: 'a'.repeat(32),
    sampled: false,
    traceState: '',
    remoteParentSpanId: below?.id ?? null,
    request: open(),
  }
}

type Query = Record<string, string | number>
const defaults = { delayMs: undefined, errorRate: 0 }
const catalog = new Catalog(scenarios, defaults)

/** A scenario by its name, or one that is in no registry; parameters as a query gives them, checked as a query is. */
function planned(which: string | Scenario, query: Query = {}): { scenario: Scenario; params: ParamValues } {
  const [name, offers] = typeof which === 'string' ? [which, catalog] : [which.name, new Catalog([which], defaults)]
  const offer = offers.find(name)
  if (!offer) throw new Error(`no scenario ${name}`)
  const texts = Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)]))
  const parsed = offers.parse(offer, texts)
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return { scenario: offer.scenario, params: parsed.params }
}

export function paramsOf(which: string | Scenario, query?: Query): ParamValues {
  return planned(which, query).params
}

export function planOf(which: string | Scenario, query?: Query): Plan {
  const { scenario, params } = planned(which, query)
  return scenario.plan(params)
}

/** What a run of a scenario declares that it may need. */
export const demandOf = (which: string | Scenario, query?: Query): Demand => planOf(which, query).demand

/** Runs a scenario in simulated time, with no span written anywhere. `goOn` waits for the person that it has asked, and has all parts of it then. */
export async function simulate(
  which: string | Scenario,
  query?: Query,
  agentName?: string,
): Promise<{ result: RunResult; run: Run; goOn: () => Promise<readonly Run[]> }> {
  const clock = new SimulatedClock()
  const { scenario, params } = planned(which, query)
  const tools = simulatedTools(clock)
  const request = { route: scenario.path, scenario, params }
  const make = (asked: RunRequest, recorder: Recorder) =>
    new Run(
      { clock, tools, peers, recorder },
      { serviceName: 'synthetic-agent-app', agentName, captureContent: false },
      asked,
    )
  const peers: VirtualPeers = new VirtualPeers(clock, ({ params: given }, part, below) =>
    make({ ...request, params: given, part }, silentRecorder(1_000_000 * (1 + peers.parts.length), below)),
  )
  const run = make(request, silentRecorder())
  const result = await run.execute()
  run.close()
  const goOn = () => peers.resume(run).then(() => peers.parts)
  return { result, run, goOn }
}
