import type { Random } from 'contract/random'
import { drawsOf } from 'engine/draws'
import { drawCompletion } from 'engine/model'
import { profileOf } from 'engine/profile/index'
import { offered, play, type SeenSpan, type Trace, type Wanted } from './traces.ts'

/** What somebody who knows the source has of a run: its trace, and what was asked for but for the seed. */
export interface Target {
  wanted: Wanted
  trace: Pick<Trace, 'traceId' | 'spans'>
}

/** What they make of it. */
export interface Solution {
  /** Ids of the spans that are said to be culprits. */
  named: string[]
  /** The seed that they come from. */
  seed: string
  /** Whether an id of the trace is one that this seed makes, or most of its times are: not by chance. */
  isCertain: boolean
}

/** Keys of the first call of a model, by scenario: each id and time of it follows from seed and key. */
const firstChat: Readonly<Record<string, string>> = {
  react: 'react/chat/0',
  human: 'planner/chat/0',
  stream: 'streamer/chat',
}
const chatKeyOf = (scenario: string) => firstChat[scenario] ?? 'planner/chat'

/** So many seeds whose first time is nearest are played to the end. */
const mostPlayed = 5

/**
 * Tries every seed against every target: by the ids that it would make (of the trace, of answers of the model, of tool calls),
 * and where none of those is there, by how well the times of the run that it makes fit. The best fit is played, and what was
 * planted in it is named by its place.
 */
export async function solve(targets: readonly Target[], seeds: Iterable<string>): Promise<Solution[]> {
  const clues = targets.map(cluesOf)
  const byId = new Map(clues.flatMap(({ ids }, target) => ids.map((id) => [id, target] as const)))
  const scenarios = [...new Set(targets.map(({ wanted }) => wanted.scenario))]
  const certain = new Map<number, string>()
  const nearest: { seed: string; distance: number }[][] = targets.map(() => [])
  for (const seed of seeds) {
    for (const scenario of scenarios) {
      const random = drawsOf(seed, scenario)
      const chat = random.fork(chatKeyOf(scenario))
      const made = [
        random.fork('spans').hex(32),
        `resp_${chat.identifier('response', 24)}`,
        `call_${callIdentifier(random, scenario)}`,
      ]
      for (const id of made) {
        const target = byId.get(id)
        if (target !== undefined) certain.set(target, seed)
      }
    }
    const drawn = new Map<string, number>()
    for (const [target, { firstMs, asked, draw }] of clues.entries()) {
      if (firstMs === undefined) continue
      const ms = drawn.get(asked) ?? draw(seed)
      drawn.set(asked, ms)
      const distance = Math.abs(Math.log(ms / firstMs))
      const best = nearest[target] as { seed: string; distance: number }[]
      if (best.length >= mostPlayed && distance >= (best.at(-1)?.distance ?? 0)) continue
      best.push({ seed, distance })
      best.sort((a, b) => a.distance - b.distance)
      best.splice(mostPlayed)
    }
  }
  return Promise.all(
    targets.map(async (target, index) => {
      const seed = certain.get(index)
      const candidates = seed === undefined ? (nearest[index] ?? []).map((each) => each.seed) : [seed]
      return bestOf(target, candidates, seed !== undefined)
    }),
  )
}

/** The id of the first tool call of a run, or of one whose key is the same in several scenarios. */
function callIdentifier(random: Random, scenario: string): string {
  const keys: Readonly<Record<string, string>> = {
    chain: 'link/0/call/id',
    dag: 'branch/0/call/id',
    react: 'react/call/0/id',
    human: 'planner/call/0/id',
    stream: 'background/call/0/id',
  }
  return random.identifier(keys[scenario] ?? 'worker/0/call/id', 24)
}

function cluesOf({ wanted, trace }: Target) {
  const { params } = offered(wanted)
  const profile = profileOf(params)
  const key = chatKeyOf(wanted.scenario)
  const [llmDelayMs, jitter] = [Number(params.llm_delay_ms), Number(params.jitter)]
  const first = inOrder(trace.spans).find(({ name }) => name.startsWith('chat'))
  const isStream = wanted.scenario === 'stream'
  return {
    ids: [
      trace.traceId,
      ...trace.spans.flatMap(({ attributes }) => [
        String(attributes.get('gen_ai.response.id')),
        String(attributes.get('gen_ai.tool.call.id')),
      ]),
    ],
    firstMs: first && !isStream ? first.endMs - first.startMs : undefined,
    /** What this draw depends on beside the seed. */
    asked: JSON.stringify([wanted.scenario, params.profile, llmDelayMs, jitter]),
    draw: (seed: string) =>
      drawCompletion(drawsOf(seed, wanted.scenario).fork(key), { profile, llmDelayMs, jitter }).delayMs,
  }
}

/** By start; those that start at once as they were sent, which is in the order of their work. */
const inOrder = (spans: readonly SeenSpan[]) => spans.toSorted((a, b) => a.startMs - b.startMs)

/** Spans of one name, one after the other: what is planted in a run is looked for at the same place of another. */
const placesOf = (spans: readonly SeenSpan[]) =>
  inOrder(spans).filter(({ name }) => /^(execute_tool|chat|process_chunk|human_feedback|invoke_agent)/.test(name))

async function bestOf({ wanted, trace }: Target, seeds: readonly string[], isMade: boolean): Promise<Solution> {
  const own = placesOf(trace.spans)
  const played = await play(wanted, seeds)
  const fits = played.map((candidate) => fitOf(placesOf(candidate.spans), own))
  const fit = Math.max(...fits)
  const best = fits.indexOf(fit)
  const { spans, key } = played[best] as Trace
  const culprits = new Set(key.faults.flatMap(({ accepted }) => accepted.flat()))
  const named = placesOf(spans).flatMap(({ spanId }, place) => (culprits.has(spanId) ? (own[place]?.spanId ?? []) : []))
  return { named, seed: seeds[best] as string, isCertain: isMade || fit > 0.5 }
}

/**
 * The share of spans that take as long at the same place, to a percent. What is planted is few of them: no seed is to be chosen
 * for having the symptom where it is seen, which is what a tool is to see.
 */
function fitOf(one: readonly SeenSpan[], other: readonly SeenSpan[]): number {
  const ms = ({ startMs, endMs }: SeenSpan) => Math.max(0.001, endMs - startMs)
  const alike = one.filter((span, at) => {
    const there = other[at]
    return there !== undefined && Math.abs(Math.log(ms(span) / ms(there))) < 0.01
  })
  return alike.length / Math.max(1, other.length)
}
