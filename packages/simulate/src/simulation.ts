import type { Mix } from 'engine/mix/mix'
import type { Share } from 'engine/mix/plan'
import { type Crew, startCrew } from './crew.ts'
import { Digest } from './digest.ts'
import { SimulateError } from './error.ts'
import { LineFile } from './line-file.ts'
import { type Limits, planWithin, whole } from './limits.ts'
import { type FileName, files, type ShardOptions, type ShardState } from './shard.ts'

export interface SimulationOptions extends Pick<ShardOptions, 'startMs' | 'receiver' | 'digest' | 'secret'> {
  mix: Mix
  /** Of the plan. */
  seed: string
  /** Units before it are left out. */
  fromUnit: number
  limits: Limits
  /** Which units are meant, all unless it is said; limits are those of all shares together, and none of spans goes with one. */
  share?: Share
  workers: number
  /** Paths; absent: not written. */
  files: { readonly [Name in FileName]?: string | undefined }
  /** Hears what is wrong on the way. */
  tell: (line: string) => void
  /** Hears how far it is, a few times a second. */
  progress?: ((totals: Totals) => void) | undefined
}

/** Reasons to end before the limits. */
export interface Stop {
  /** What has begun comes to its end, and is handed on. */
  soon: AbortSignal
  /** Nobody waits for anything any more. */
  now: AbortSignal
}

export interface Totals {
  traces: number
  spans: number
  queued: number
  exported: number
  refused: number
  unconfirmed: number
  resent: number
}

export interface Outcome extends Totals {
  /** Why it ended before its limits, and before a stop; undefined when it did not. */
  failure: SimulateError | undefined
  /** Whether all that was played was taken by all that it was meant for. */
  isAllTaken: boolean
  /** The first unit that was not played, or of which not everything was taken. */
  nextUnit: number
  /** Spans that the receiver took of that unit and later ones. */
  beyond: number
  digest: string | undefined
  /** Files that are not whole, by the names that they have. */
  partial: string[]
}

/** How long a round takes that is played between two looks at whether to go on, ms, and how many units it has. */
const roundMs = 250
const unitsOfRound = { first: 16, firstOfLimited: 1, most: 4096 }
/** After a stop, how long a receiver may take nothing, ms. */
const patienceOfStopMs = 5000
const progressMs = 200

/** Plays a mix until its limits are reached, it is stopped, or nobody takes what it plays. */
export async function simulate(options: SimulationOptions, stop: Stop): Promise<Outcome> {
  const { startMs, receiver, digest, secret, workers, tell } = options
  const open = await openFiles(options, stop)
  const crew = startCrew(
    workers,
    { startMs, receiver, digest, secret, files: [...open.keys()] },
    { tell, write: async (name, bytes) => open.get(name)?.write(bytes) },
  )
  const hurry = (patienceMs: number) => () =>
    void Promise.all(crew.shards.map((shard) => shard.hurry(patienceMs))).catch(() => {})
  stop.soon.addEventListener('abort', hurry(patienceOfStopMs))
  stop.now.addEventListener('abort', hurry(0))
  let isOver = false
  const looks = setInterval(() => {
    if (!options.progress) return
    const { progress } = options
    statesOf(crew.shards).then(
      (states) => void (isOver || progress(totalsOf(states))),
      () => {},
    )
  }, progressMs)
  try {
    const { nextUnit: end, failure: failureOfRounds } = await playRounds(crew, options, stop.soon)
    const failure = failureOfRounds ?? (await failureOf(crew.shards.map((shard) => shard.end())))
    const states = await statesOf(crew.shards)
    const totals = totalsOf(states)
    const isTaken = failure === undefined && (!receiver || totals.exported === totals.spans)
    const isWhole = isTaken && !stop.soon.aborted
    const failureOfFiles = await failureOf([...open.values()].map((file) => file.end(isWhole)))
    const isAllTaken = isTaken && failureOfFiles === undefined
    const untaken = receiver
      ? firstUntaken(states, options.fromUnit, options.share)
      : isAllTaken
        ? end
        : options.fromUnit
    // Of a round that nobody takes the rest of, some units may have been taken as a whole.
    const nextUnit = failure && !failureOfFiles ? untaken : Math.min(untaken, end)
    const before = await Promise.all(crew.shards.map((shard) => shard.spansBefore(nextUnit)))
    return {
      ...totals,
      failure: failure ?? failureOfFiles,
      isAllTaken,
      nextUnit,
      beyond: receiver ? before.reduce((left, spans) => left - spans, totals.exported) : 0,
      digest: digest ? digestOf(states) : undefined,
      partial: isWhole ? [] : [...open.values()].flatMap(({ partial }) => partial ?? []),
    }
  } finally {
    isOver = true
    clearInterval(looks)
    await crew.stop()
  }
}

async function openFiles(
  { files: paths, fromUnit }: Pick<SimulationOptions, 'files' | 'fromUnit'>,
  stop: Stop,
): Promise<Map<FileName, LineFile>> {
  const open = new Map<FileName, LineFile>()
  try {
    for (const name of files) {
      const path = paths[name]
      if (path !== undefined) open.set(name, await LineFile.open(path, { goesOn: fromUnit > 0, ...stop }))
    }
  } catch (error) {
    for (const file of open.values()) file.discard()
    throw error
  }
  return open
}

/** Plays round by round. Resolves to the first unit that was not played. */
async function playRounds(
  { shards }: Crew,
  { mix, seed, fromUnit, limits, share = whole }: SimulationOptions,
  stop: AbortSignal,
): Promise<{ nextUnit: number; failure?: SimulateError | undefined }> {
  const units = planWithin(mix, seed, fromUnit, limits, share)
  let nextUnit = fromUnit
  let takenBefore = fromUnit
  let played = 0
  let size = limits.spans === undefined ? unitsOfRound.first : unitsOfRound.firstOfLimited
  while (!stop.aborted) {
    const round = Array.from({ length: size }, () => units.next().value).filter((unit) => unit !== undefined)
    if (round.length === 0) break
    const startedAt = performance.now()
    const failure = await failureOf(
      shards.map((shard, index) =>
        shard.play(
          round.filter(({ unit }) => Math.floor(unit / share.of) % shards.length === index),
          takenBefore,
        ),
      ),
    )
    if (failure) return { nextUnit, failure }
    nextUnit = (round.at(-1)?.unit ?? nextUnit) + 1
    const states = await statesOf(shards)
    takenBefore = firstUntaken(states, fromUnit, share)
    played += round.length
    if (limits.spans === undefined) {
      const fitting = Math.round((size * roundMs) / (performance.now() - startedAt))
      size = Math.min(Math.max(fitting, Math.ceil(size / 4), 1), size * 4, unitsOfRound.most)
    } else {
      // Which round is the last depends on nothing but what was played, so that it is the same with any number of shards.
      const { spans } = totalsOf(states)
      if (spans >= limits.spans) break
      const unitsLeft = (limits.spans - spans) / (spans / played)
      size = Math.min(Math.max(Math.floor(unitsLeft / 2), 1), size * 4, unitsOfRound.most)
    }
  }
  return { nextUnit }
}

/** Why the first of these failed, once all have ended; undefined when none has. What is no SimulateError is thrown. */
async function failureOf(work: readonly Promise<void>[]): Promise<SimulateError | undefined> {
  for (const ended of await Promise.allSettled(work)) {
    if (ended.status === 'fulfilled') continue
    if (ended.reason instanceof SimulateError) return ended.reason
    throw ended.reason
  }
  return undefined
}

const statesOf = (shards: Crew['shards']): Promise<ShardState[]> => Promise.all(shards.map((shard) => shard.state()))

function totalsOf(states: readonly ShardState[]): Totals {
  const totals = { traces: 0, spans: 0, queued: 0, exported: 0, refused: 0, unconfirmed: 0, resent: 0 }
  for (const { traces, spans, receiver } of states) {
    totals.traces += traces
    totals.spans += spans
    if (!receiver) continue
    for (const name of ['queued', 'exported', 'refused', 'unconfirmed', 'resent'] as const)
      totals[name] += receiver[name]
  }
  return totals
}

/** The first unit of a share from which on not everything was taken, by workers that take turns. */
function firstUntaken(states: readonly ShardState[], fromUnit: number, share = whole): number {
  return Math.min(
    ...states.map(({ receiver }, index) => {
      const from = Math.max(fromUnit, (receiver?.through ?? -1) + 1)
      const turn = Math.ceil((from - share.index) / share.of)
      const own = turn + ((index - (turn % states.length) + states.length) % states.length)
      return share.index + own * share.of
    }),
  )
}

function digestOf(states: readonly ShardState[]): string {
  const sum = new Digest()
  for (const { digest } of states) if (digest !== undefined) sum.addAll(Digest.parse(digest))
  return sum.toString()
}
