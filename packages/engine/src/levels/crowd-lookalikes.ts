import type { Random } from 'contract/random'
import { type CallStep, figure, type ScriptDecoy } from './script.ts'
import type { CrowdCall, CrowdOf } from './crowd-script.ts'
import { toolOf } from '../tools.ts'

/** What may happen beside calls of a tool that looks like an overload and is none. */
export const crowdLookalikes = ['retries', 'slow_tool', 'quota'] as const
export type CrowdLookalike = (typeof crowdLookalikes)[number]

/** So many calls it has to do with at most. */
export const mostLookalikeCalls = 8
/** Calls that fail once come before so much of the run is over: before anything could be overloaded. */
const earlyShare = 0.2
const slowTool = toolOf(1)
const slowFactor = 8
const quotaS = 1

interface Drawn {
  random: Random
  agents: number
  lengthMs: number
  delayMs: number
  maxRetries: number
  asked: CallStep['asked']
  capture: boolean
}

/** What a look-alike makes of a crowd, and which attempts naming is wrong of. */
export interface Beside {
  arrivals: CrowdCall[]
  beside: NonNullable<CrowdOf['beside']>
  decoys: ScriptDecoy[]
}

/** Puts a look-alike beside the calls that come. */
export function withLookalike(what: CrowdLookalike, arrivals: readonly CrowdCall[], drawn: Drawn): Beside {
  if (what === 'retries') return failingOnce(arrivals, drawn)
  const beside = Array.from({ length: mostLookalikeCalls }, (_, index) => callOf(what, index, drawn))
  return {
    arrivals: [...arrivals],
    beside,
    decoys: [
      decoyOf(
        beside.map(({ step }) => step.key),
        false,
      ),
    ],
  }
}

const decoyOf = (calls: readonly string[], isNeutral: boolean): ScriptDecoy => ({
  id: 'lookalike',
  kind: 'lookalike',
  steps: calls.map((key) => `${key}/0`),
  isNeutral,
})

/**
 * Some of the first fail once by themselves, where they may be sent again. In a run that was asked for failures nobody tells
 * them from those.
 */
function failingOnce(arrivals: readonly CrowdCall[], { random, lengthMs, maxRetries, asked }: Drawn): Beside {
  const early = arrivals.filter(({ atMs, onlyWith }) => onlyWith === undefined && atMs < earlyShare * lengthMs)
  const count = maxRetries === 0 ? 0 : Math.min(mostLookalikeCalls, early.length)
  const failing = new Set(random.sample(early.length, count).map((index) => early[index]?.key))
  const struck = arrivals.map((call) =>
    failing.has(call.key) ? { ...call, fails: (attempt: number) => attempt === 0 || call.fails(attempt) } : call,
  )
  const looking = early.flatMap(({ key }) => (failing.has(key) ? key : []))
  return { arrivals: struck, beside: [], decoys: [decoyOf(looking, (asked?.error_rate ?? 0) > 0)] }
}

/** A call that has nothing to do with the queue. */
function callOf(what: 'slow_tool' | 'quota', index: number, drawn: Drawn): Beside['beside'][number] {
  const { agents, lengthMs, delayMs, asked, capture } = drawn
  const own = drawn.random.fork(`${index}`)
  const agent = own.integer(0, agents - 1)
  const ms = figure(what === 'slow_tool' ? slowFactor * delayMs : delayMs)
  const answered = { ms, status: 200, bytes: 0 }
  const step: CallStep = {
    kind: 'call',
    // No call of the queue has such a number.
    key: `worker/${agent}/call/${10_000 + index}`,
    gapMs: figure(own.float() * lengthMs),
    tool: slowTool,
    arguments: JSON.stringify({ id: own.identifier('arguments', 12), action: 'read' }),
    result: JSON.stringify({ version: own.identifier('version', 12), served_ms: Math.round(ms.value * 10) / 10 }),
    asked,
    capture,
    attempts:
      what === 'slow_tool'
        ? [{ ...answered, waitMs: figure(0) }]
        : [
            { waitMs: figure(0), ms: figure(0), status: 429, retryAfterS: quotaS, bytes: 0 },
            { ...answered, waitMs: figure(1000 * quotaS) },
          ],
  }
  return { agent, step }
}
