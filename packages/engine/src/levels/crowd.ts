import { Slots } from 'contract/slots'
import { Heap } from '../virtual/heap.ts'
import type { Out } from './script.ts'

/** A call that comes when it comes, whatever became of others. */
export interface Arrival {
  /** Of the call in the ledger: `worker/2/call/7`. */
  key: string
  tool: string
  /** After the first may come, ms. */
  atMs: number
  /** How long the tool takes once it has begun, ms. */
  serviceMs: number
  /** How long each attempt after the first is waited for, ms; so many attempts and one more it has. */
  waitsMs: readonly number[]
  /** Whether an attempt, by its number, fails before it gets to the tool, and how long that takes, ms. */
  fails: (attempt: number) => boolean
  failsInMs: number
  /** It comes only while this is in. */
  onlyWith?: string | undefined
}

/** What brings a tool out of balance for a while. */
export interface Trigger {
  id: string
  tool: string
  fromMs: number
  toMs: number
  /** So many calls it does at a time meanwhile. */
  capacity?: number
  /** So many times longer each call takes that begins meanwhile. */
  factor?: number
  /** The agent that sends more meanwhile, by its number. */
  agent?: number
}

/** Many calls of tools that do so many at a time. */
export interface Crowd {
  /** Of each tool. */
  capacities: ReadonlyMap<string, number>
  /** Calls that wait for a tool at most. */
  queue: number
  arrivals: readonly Arrival[]
  triggers: readonly Trigger[]
}

/** What became of one attempt. */
export interface CrowdAttempt {
  startMs: number
  /** How long it waited for its turn, and was then done, or took to be refused, ms. */
  queuedMs: number
  ms: number
  /** 200; 429 where the queue was full; 503 where it failed by itself. */
  status: number
}

/** How long it takes to say that there is no place, ms. */
export const refusalMs = 5

interface Coming {
  arrival: Arrival
  attempt: number
  atMs: number
}
type Happening = { atMs: number; order: number } & (
  | { kind: 'comes'; coming: Coming }
  | { kind: 'done'; tool: string }
  | { kind: 'resized'; tool: string; capacity: number }
)

/**
 * What becomes of every attempt, in order of arrivals, without what is out: a discrete-event simulation (of the next event to
 * the next) in which refused calls come again. Nothing is drawn, so that without a trigger no other draw moves.
 */
export function playCrowd({ capacities, queue, arrivals, triggers }: Crowd, out: Out): CrowdAttempt[][] {
  const inForce = triggers.filter(({ id }) => !out.has(id))
  const slots = new Map([...capacities].map(([tool, capacity]) => [tool, new Slots<Coming>(capacity, queue)]))
  const happenings = new Heap<Happening>()
  let order = 0
  const happens = (what: DistributiveOmit<Happening, 'order'>) => happenings.push({ ...what, order: order++ })
  const attempts = new Map(arrivals.map((arrival) => [arrival, [] as CrowdAttempt[]]))

  const begin = (tool: string, comings: readonly Coming[], nowMs: number) => {
    const slower = inForce.filter((each) => each.tool === tool && isMeanwhile(each, nowMs))
    const factor = slower.reduce((product, { factor = 1 }) => product * factor, 1)
    for (const { arrival, atMs } of comings) {
      const ms = arrival.serviceMs * factor
      attempts.get(arrival)?.push({ startMs: atMs, queuedMs: nowMs - atMs, ms, status: 200 })
      happens({ kind: 'done', tool, atMs: nowMs + ms })
    }
  }
  const again = ({ arrival, attempt, atMs }: Coming, status: number, ms: number) => {
    attempts.get(arrival)?.push({ startMs: atMs, queuedMs: 0, ms, status })
    const waitMs = arrival.waitsMs[attempt]
    if (waitMs === undefined) return
    const coming = { arrival, attempt: attempt + 1, atMs: atMs + ms + waitMs }
    happens({ kind: 'comes', coming, atMs: coming.atMs })
  }

  for (const { tool, fromMs, toMs, capacity } of inForce) {
    if (capacity === undefined) continue
    happens({ kind: 'resized', tool, capacity, atMs: fromMs })
    happens({ kind: 'resized', tool, capacity: capacities.get(tool) as number, atMs: toMs })
  }
  for (const arrival of arrivals) {
    if (arrival.onlyWith !== undefined && out.has(arrival.onlyWith)) continue
    const { atMs } = arrival
    happens({ kind: 'comes', coming: { arrival, attempt: 0, atMs }, atMs })
  }
  for (let next = happenings.pop(); next; next = happenings.pop()) {
    const { atMs: nowMs } = next
    if (next.kind === 'resized') begin(next.tool, slots.get(next.tool)?.resize(next.capacity) ?? [], nowMs)
    else if (next.kind === 'done') begin(next.tool, slots.get(next.tool)?.done() ?? [], nowMs)
    else {
      const { coming } = next
      const { tool, fails, failsInMs } = coming.arrival
      if (fails(coming.attempt)) again(coming, 503, failsInMs)
      else {
        const admission = slots.get(tool)?.arrive(coming)
        if (admission === 'refused') again(coming, 429, refusalMs)
        else if (admission === 'begins') begin(tool, [coming], nowMs)
      }
    }
  }
  return arrivals.map((arrival) => attempts.get(arrival) ?? [])
}

type DistributiveOmit<Union, Name extends string> = Union extends unknown ? Omit<Union, Name> : never

const isMeanwhile = ({ fromMs, toMs }: Trigger, atMs: number) => fromMs <= atMs && atMs < toMs

/** From the first attempt to the last, ms; 0 of a call that does not come. */
export function latencyOf(attempts: readonly CrowdAttempt[]): number {
  const [first, last] = [attempts[0], attempts.at(-1)]
  return first && last ? last.startMs + last.queuedMs + last.ms - first.startMs : 0
}

/** Whether nobody answered it. */
export const isLost = (attempts: readonly CrowdAttempt[]) => attempts.length > 0 && attempts.at(-1)?.status !== 200
