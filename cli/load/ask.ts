import { runParametersHeader } from 'contract/run-parameters'
import { Catalog } from 'engine/catalog'
import type { PlannedRun } from 'engine/mix/plan'
import { scenarios } from 'engine/scenarios/index'
import { whyNoAnswer } from 'service-kit/no-answer'
import { Agent, request } from 'undici'
import { z } from 'zod'

/**
 * What came of a run: `ok`; `not_ok`, when the agent did not reach its goal, as it was asked for; `refused`, when the agent
 * said that it takes no more; `failed`, when there was no answer, or one that tells of no run.
 */
export const outcomes = ['ok', 'not_ok', 'refused', 'failed'] as const
export type Outcome = (typeof outcomes)[number]

export interface Answered {
  outcome: Outcome
  /** Why there was no run, or none that came to its end. */
  why?: string | undefined
  traceId?: string | undefined
  /** How many spans it owes. */
  spans?: number | undefined
}

/**
 * Every run has a connection of its own: none waits for another's answer, each may come to another replica, and none meets a
 * connection that a replica which ends is just closing.
 */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, pipelining: 0 })
const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })

/** Parameters that say what is wrong: they stand in no URL, and so on no span. */
const unspoken = ['seed', 'faults']

/** The request that a planned run is: of a blind one, whose URL says nothing, all in the header. */
export function requestOfRun({ scenario, params, seed, conversationId }: PlannedRun, isBlind: boolean) {
  const offer = catalog.find(scenario)
  if (!offer) throw new Error(`The mix was not checked: there is no scenario ${scenario}`)
  const { path, name } = offer.scenario
  const given = {
    ...(path === '/run' && { scenario: name }),
    seed,
    ...params,
    ...(conversationId !== undefined && { conversation_id: conversationId }),
    ...(isBlind && { blind: true }),
  }
  const [query, header] = [new URLSearchParams(), new URLSearchParams()]
  for (const [name, value] of Object.entries(given))
    (isBlind || unspoken.includes(name) ? header : query).set(name, String(value))
  return {
    path: query.size > 0 ? `${path}?${query.toString()}` : path,
    headers: { [runParametersHeader]: header.toString() },
  }
}

/** A blind run does not say how many spans it has. */
const result = z.object({ ok: z.boolean(), spans: z.object({ total: z.number() }).optional() })

/** Makes a run, once. */
export async function ask(agent: string, run: PlannedRun, isBlind: boolean, signal: AbortSignal): Promise<Answered> {
  const asked = requestOfRun(run, isBlind)
  try {
    const { statusCode, headers, body } = await request(agent + asked.path, {
      dispatcher,
      signal,
      // A stream's result comes as an event; elsewhere this changes nothing.
      headers: { accept: 'text/event-stream, application/json', ...asked.headers },
    })
    const text = await body.text()
    const traceId = headers['x-trace-id']
    const told = { traceId: typeof traceId === 'string' ? traceId : undefined }
    if (statusCode === 503 && headers['retry-after'] !== undefined) return { outcome: 'refused', why: '503', ...told }
    const parsed = statusCode === 200 ? result.safeParse(resultIn(text)) : undefined
    if (!parsed?.success) return { outcome: 'failed', why: String(statusCode), ...told }
    return { outcome: parsed.data.ok ? 'ok' : 'not_ok', spans: parsed.data.spans?.total, ...told }
  } catch (error) {
    if (signal.aborted) return { outcome: 'failed', why: 'no answer in time' }
    return { outcome: 'failed', why: whyNoAnswer(error) }
  }
}

/** The result in an answer, or in the last event of a stream. */
function resultIn(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('event: ') ? (/\nevent: result\ndata: (.*)\n\n$/.exec(text)?.[1] ?? '') : text)
  } catch {
    return undefined
  }
}
