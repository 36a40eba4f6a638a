import { trace } from '@opentelemetry/api'
import type { Clock } from 'service-kit/clock'
import { noSpans } from 'service-kit/telemetry/none'
import { fails } from 'contract/tool'
import type { ParamValues } from 'engine/catalog'
import { Catalog } from 'engine/catalog'
import { ToolFailure } from 'engine/errors'
import { Run, type RunResult } from 'engine/run'
import { scenarios } from 'engine/scenarios/index'
import type { Tools } from 'engine/ports'
import { Turns } from 'engine/turns'
import { ROOT_CONTEXT } from '@opentelemetry/api'

/**
 * Time that passes only when nobody has anything to do: it then jumps to the next that is waited for. Properties that need
 * hundreds of runs are shown in it; what needs real time is shown on real processes.
 */
export class SimulatedClock implements Clock {
  #now = 1_700_000_000_000
  readonly #sleepers: { at: number; wake: () => void }[] = []
  #isScheduled = false

  now(): number {
    return this.#now
  }

  anchored(): Clock {
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

/** tool-service without HTTP: it reads the same header and decides by the same function. */
function simulatedTools(clock: Clock): Tools {
  return {
    base: new URL('http://tools.invalid'),
    async call(tool, header, { delayMs }, _headers, signal) {
      const behavior = new URLSearchParams(header)
      await clock.sleep(delayMs, signal)
      const failing = fails({
        errorRate: Number(behavior.get('error_rate')),
        seed: behavior.get('seed') ?? '',
        key: behavior.get('key') ?? '',
      })
      if (failing)
        throw new ToolFailure('tool_unavailable', `${tool} answered 503`, {
          status: 503,
          service: 'synthetic-tool-service',
          delayMs,
        })
      const payload = 'x'.repeat(Math.round(Number(behavior.get('payload_size_kb') ?? 0) * 1024))
      return { tool, delay_ms: delayMs, ok: true, payload, service: 'synthetic-tool-service' }
    },
  }
}

const catalog = new Catalog(scenarios, { delayMs: 80, errorRate: 0 })

/** Parameters as a query gives them, checked as a query is. */
export function paramsOf(name: string, query: Record<string, string | number> = {}): ParamValues {
  const offer = catalog.offers.find(({ scenario }) => scenario.name === name)
  if (!offer) throw new Error(`no scenario ${name}`)
  const parsed = catalog.parse(
    offer,
    Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)])),
  )
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return parsed.params
}

/** Runs a scenario in simulated time, with no span written anywhere. */
export async function simulate(
  name: string,
  query: Record<string, string | number> = {},
  agentName?: string,
): Promise<{ result: RunResult; run: Run }> {
  const clock = new SimulatedClock()
  const offer = catalog.offers.find(({ scenario }) => scenario.name === name)
  const run = new Run(
    {
      clock,
      tools: simulatedTools(clock),
      tracer: trace.getTracer('test'),
      serviceName: 'synthetic-agent-app',
      agentName,
      captureContent: false,
      turns: new Turns(Infinity),
      spanCounters: () => noSpans,
    },
    {
      route: '/run',
      scenario: (offer as NonNullable<typeof offer>).scenario,
      params: paramsOf(name, query),
      context: ROOT_CONTEXT,
      remoteParentSpanId: undefined,
    },
  )
  const result = await run.execute()
  run.close()
  return { result, run }
}
