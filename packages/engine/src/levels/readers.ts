import { agentOf, type Draft, type DraftJob } from './draft.ts'
import { underWayIn } from './schedule.ts'
import type { StreamStep } from './script.ts'
import { think } from './thoughts.ts'
import { between } from './world.ts'

/** While a tool fetches, so many agents at most read with the model what had come before; how many is the tool's own. */
const most = 3
/** How often one of them does. */
const often = 0.5
/** So many times as long as the call a reading is meant to take, of what is left of it. */
const lasting = [0.8, 1.8] as const

/** Something to read: from when on, and about how long, ms. */
interface Reading {
  startMs: number
  lastsMs: number
}

/** An agent that reads, and until when it does. */
interface Reader {
  job: DraftJob
  endMs: number
}

/**
 * Agents that ask the model of the stream while a tool is under way: its tokens come slower for each. A decoy: beside calls of
 * some tools there are so many that they look like what slows it down. Whichever is guilty has as many as chance gives it.
 */
export function readAlong(draft: Draft, { model }: StreamStep): void {
  const decoy = draft.decoy('shared model')
  const readers: Reader[] = []
  for (const reading of readingsOf(draft).toSorted((a, b) => a.startMs - b.startMs))
    decoy.steps.push(read(draft, freeAt(draft, readers, reading.startMs), { model, ...reading }))
}

/** What is read while each call is under way: what the one before it has brought, from some moment between the two on. */
function readingsOf(draft: Draft): Reading[] {
  const random = draft.random.fork('readers')
  const counts = new Map(draft.world.tools.map(({ name }) => [name, draft.count(`readers/${name}`, 0, most)]))
  // As it is without a fault, so that none moves who reads when.
  const out = new Set(draft.faults.map(({ id }) => id))
  const lanes = Map.groupBy(underWayIn(draft, out), agentOf)
  return [...lanes.values()].flatMap((calls) =>
    calls.slice(1).flatMap((call, index) => {
      const before = calls[index] as typeof call
      const reading = () => {
        const startMs = between(random, before.endMs, call.startMs)
        return { startMs, lastsMs: (call.endMs - startMs) * between(random, ...lasting) }
      }
      return Array.from({ length: counts.get(call.of) ?? 0 })
        .filter(() => random.chance(often))
        .map(reading)
    }),
  )
}

/** A reader that has nothing else to do by then: the next one where all have. */
function freeAt(draft: Draft, readers: Reader[], atMs: number): Reader {
  const free = readers.find(({ endMs }) => endMs <= atMs)
  if (free) return free
  const reader = { job: draft.job({ agent: { name: 'background', index: draft.jobs.length - 1 } }), endMs: 0 }
  readers.push(reader)
  return reader
}

/** Asks the model from then on for about so long. Returns what it did. */
function read(draft: Draft, reader: Reader, { model, startMs, lastsMs }: Reading & { model: string }): string {
  const outputTokens = Math.max(20, Math.round((lastsMs - 450) / 12))
  const asked = { outputTokens, idleMs: startMs - reader.endMs, asksForTool: false, model }
  const { step, of } = think(draft, reader.job.steps, { tokens: 0 }, asked, reader.job)
  reader.endMs = startMs + of.ms.value
  return step.key
}
