import type { Draft, DraftJob } from './draft.ts'
import { scheduleOf, underWayIn } from './schedule.ts'
import type { StreamStep } from './script.ts'
import { think } from './thoughts.ts'
import type { UnderWay } from './token-time.ts'
import { between, shuffled, type ToolBaseline } from './world.ts'

/** While a tool fetches, so many agents at most read with the model what it fetched before. */
const most = 3
/** How often one reads along with another tool. */
const seldom = 0.15
/** A tool beside which tokens come slowly is seen where it is under way during this share of the stream. */
const seenShare = [0.15, 0.6] as const
/** So many times as long as the call a reading is meant to take: it mostly goes on when that has ended. */
const longer = 1.35
const nothing = new Set<string>()

/** An agent that reads, and until when it does. */
interface Reader {
  job: DraftJob
  endMs: number
}

/**
 * Agents that ask the model of the stream while a tool is under way: its tokens come slower for each. A decoy: beside calls of
 * one tool there are so many that it looks like what slows them down. Beside the guilty one, or who it would be, there is one as well.
 */
export function readAlong(draft: Draft, step: StreamStep, guilty: ToolBaseline): void {
  const random = draft.random.fork('readers')
  const { endMs } = scheduleOf(draft, nothing).jobs[0] as { endMs: number }
  const calls = underWayIn(draft, nothing).filter(({ startMs }) => startMs < endMs)
  const crowded = draft.has('crowd') ? crowdedOf(draft, calls, endMs, guilty) : undefined
  const countOf = (tool: ToolBaseline) =>
    tool === crowded ? most : Number(tool === guilty || draft.has(`reader/${tool.name}`, seldom))
  const counts = new Map(draft.world.tools.map((tool) => [tool.name, countOf(tool)]))
  const decoy = draft.decoy('shared model')
  const readers: Reader[] = []
  for (const call of calls.toSorted((a, b) => a.startMs - b.startMs))
    for (let index = 0; index < (counts.get(call.of) ?? 0); index++) {
      const startMs = Math.max(0, call.startMs - between(random, 5, 30))
      const reader = freeAt(draft, readers, startMs)
      const lastsMs = longer * (call.endMs - startMs)
      decoy.steps.push(read(draft, reader, { model: step.model, startMs, lastsMs }))
    }
  if (decoy.steps.length === 0) draft.decoys.splice(draft.decoys.indexOf(decoy), 1)
}

/** The first of them in a drawn order of which calls are under way neither too seldom nor too long. */
function crowdedOf(draft: Draft, calls: readonly UnderWay[], endMs: number, guilty: ToolBaseline) {
  const [least, largest] = seenShare
  return shuffled(draft.random.fork('crowded'), draft.world.tools).find((tool) => {
    const own = calls.filter(({ of }) => of === tool.name)
    const share = own.reduce((sum, call) => sum + call.endMs - call.startMs, 0) / endMs
    return tool !== guilty && least < share && share < largest
  })
}

/** A reader that has nothing else to do by then: the next one where all have. */
function freeAt(draft: Draft, readers: Reader[], atMs: number): Reader {
  const free = readers.find(({ endMs }) => endMs <= atMs)
  if (free) return free
  const reader = { job: draft.job({ agent: { name: 'background', index: draft.jobs.length - 1 } }), endMs: 0 }
  readers.push(reader)
  return reader
}

/** Asks the model from then on for about so long. Returns the key of the call. */
function read(
  draft: Draft,
  reader: Reader,
  { model, startMs, lastsMs }: { model: string; startMs: number; lastsMs: number },
): string {
  const outputTokens = Math.max(20, Math.round((lastsMs - 450) / 12))
  const asked = { outputTokens, idleMs: startMs - reader.endMs, asksForTool: false, model }
  const { step, of } = think(draft, reader.job.steps, { tokens: 0 }, asked, reader.job)
  reader.endMs = startMs + of.ms.value
  return step.key
}
