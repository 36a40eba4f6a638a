import { Random } from 'contract/random'
import { keyedSeed } from 'contract/secret'
import { writeFaults } from '../asked-faults.ts'
import { personSeconds } from '../profile/measured.ts'
import { scenarios } from '../scenarios/index.ts'
import { arrivals } from './arrivals.ts'
import type { Mix, PopulationFault } from './mix.ts'
import { drawValue } from './values.ts'

/** One run that is to be played. */
export interface PlannedRun {
  /** The unit that it belongs to, and its place in it. */
  unit: number
  turn: number
  /** When it starts, ms after the plan's start. */
  atMs: number
  scenario: string
  /** As `/run` takes them, profile and faults among them. */
  params: Record<string, string | number | boolean>
  seed: string
  /** Joins the turns of one conversation. */
  conversationId: string | undefined
}

/** What is planned together, because it shares a conversation: a run alone, or the turns of a session. */
export interface PlannedUnit {
  unit: number
  atMs: number
  runs: PlannedRun[]
}

/**
 * What a plan is drawn from: of a blind mix, whose runs must not be found by when they come, 32 hex digits that nobody knows
 * without the secret. They leave room for what tells runs apart.
 */
export function planSeed(mix: Mix, seed: string, secret: string): string {
  return mix.blind ? keyedSeed(secret, seed).slice(0, 32) : seed
}

/** Which part of a plan is meant: one of `of` shares, units in turn. */
export interface Share {
  index: number
  of: number
}

/**
 * The units of a mix in order of arrival, for ever: a pure function of mix and seed. `from` skips units and `share` leaves
 * other shares' out; what is yielded is the same as without either.
 */
export function* plan(
  mix: Mix,
  seed: string,
  from = 0,
  share: Share = { index: 0, of: 1 },
): Generator<PlannedUnit, never> {
  const random = new Random(seed)
  let unit = -1
  for (const atMs of arrivals(mix.rate, random.fork('arrivals'))) {
    unit++
    if (unit >= from && unit % share.of === share.index) yield planUnit(mix, seed, unit, atMs)
  }
  throw new Error('Arrivals never end')
}

function planUnit(mix: Mix, seed: string, unit: number, arrivalMs: number): PlannedUnit {
  const random = new Random(`${seed}/${unit}`)
  const isSession = mix.sessions !== undefined && random.chance(mix.sessions.share)
  const turns = isSession ? turnsOf(drawValue(mix.sessions?.turns ?? 2, random.fork('turns'))) : 1
  const runs: PlannedRun[] = []
  let atMs = arrivalMs
  for (let turn = 0; turn < turns; turn++) {
    const own = random.fork(`turn/${turn}`)
    const entry = pickByWeight(mix.runs, own)
    const drawn = Object.fromEntries(
      Object.entries(entry.params).map(([name, spec]) => [name, drawValue(spec, own.fork(`param/${name}`))]),
    )
    // From level 2 on a run draws its own times and faults.
    const isLevelled = Number(drawn.level ?? 1) > 1
    const others =
      isLevelled || hasOwnFaults(entry.scenario)
        ? []
        : mix.faults.filter((fault, index) => own.fork(`fault/${index}`).chance(prevalenceAt(fault, atMs)))
    const faults = writeFaults({ own: entry.planted, others })
    const quirks = mix.quirks.filter(({ prevalence }, index) => own.fork(`quirk/${index}`).chance(prevalence))
    runs.push({
      unit,
      turn,
      atMs,
      scenario: entry.scenario,
      params: {
        ...(!isLevelled && { profile: mix.profile }),
        ...(quirks.length > 0 && { quirks: quirks.map(({ kind }) => kind).join() }),
        ...drawn,
        ...(faults !== undefined && { faults }),
      },
      seed: `${seed}/${unit}/${turn}`,
      conversationId: isSession ? `conv_${random.identifier('conversation', 16)}` : undefined,
    })
    if (turn + 1 < turns) atMs += personSeconds.draw(own.fork('pause')) * 1000
  }
  return { unit, atMs: arrivalMs, runs }
}

/** Whether it says itself what its `faults` are, and takes no others. */
const hasOwnFaults = (name: string) =>
  scenarios.some((scenario) => scenario.name === name && Object.hasOwn(scenario.params, 'faults'))

/** Of a conversation, at most: one unit is planned at once. */
const mostTurns = 1000

const turnsOf = (drawn: string | number | boolean) => Math.min(Math.max(2, Math.round(Number(drawn))), mostTurns)

function pickByWeight<T extends { weight: number }>(entries: readonly T[], random: Random): T {
  let left = random.float() * entries.reduce((sum, { weight }) => sum + weight, 0)
  for (const entry of entries) if ((left -= entry.weight) < 0) return entry
  return entries.at(-1) as T
}

/** The share of the runs that a fault hits at a time: it rises from its onset, and falls from its end on. */
export function prevalenceAt({ prevalence, from, until, ramp }: PopulationFault, atMs: number): number {
  // What has ended before it was all there falls from where it had come to.
  const rising = ramp === 0 ? Number(atMs >= from) : Math.min(1, (Math.min(atMs, until) - from) / ramp)
  const falling = ramp === 0 ? Number(atMs < until) : Math.min(1, (until + ramp - atMs) / ramp)
  return prevalence * Math.max(0, rising) * Math.max(0, falling)
}
