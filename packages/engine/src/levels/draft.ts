import { Random } from 'contract/random'
import type { PlantedKind } from 'contract/taxonomy'
import type { FaultDeclaration } from '../key/register.ts'
import type { LevelNumbers } from './numbers.ts'
import {
  type CallStep,
  type ChatStep,
  type ChunkStep,
  type Figure,
  type Job,
  type LeadAgent,
  type Script,
  type ScriptDecoy,
  type ScriptFault,
  type ScriptStep,
  type StreamStep,
} from './script.ts'
import { scheduleOf } from './schedule.ts'
import { shuffled, type World } from './world.ts'

/** A fault while it is drafted: its steps are not yet all known. */
export type DraftFault = ScriptFault & { steps: string[] }
export type NewFault = Omit<FaultDeclaration, 'id'> & Partial<Pick<ScriptFault, 'changesOutcome' | 'misleads'>>

/** Something whose time was drawn around what is usual for its tool and size, so that it can be made slower. */
export interface Timed {
  step: CallStep | ChatStep | ChunkStep | StreamStep
  /** Where the time stands: the step, or the attempt that answered. */
  of: { ms: Figure; bytes?: number }
  /** Logarithm of how far the draw is off what is usual. */
  residual: number
  /** Whether the run waits for it. */
  isWaited: boolean
}

export interface DraftJob extends Job {
  steps: ScriptStep[]
}

/** How probable each kind of fault is. */
export type Weights = Readonly<Partial<Record<PlantedKind, number>>>

/** What a generator draws from, and where it writes down what it drew. Every draw has a fork by key of its own. */
export class Draft {
  readonly world: World
  readonly numbers: LevelNumbers
  readonly random: Random
  readonly lead: LeadAgent
  /** What is to be planted, in order; empty in a control. */
  readonly kinds: readonly PlantedKind[]
  /** The faults of which a control has the harmless twin; empty in a run that has faults. */
  readonly twins: readonly PlantedKind[]
  readonly before: ScriptStep[] = []
  readonly jobs: DraftJob[] = []
  readonly after: ScriptStep[] = []
  lanes: number | undefined
  jobsWithout: Script['jobsWithout']
  compares: Script['compares']
  readonly faults: DraftFault[] = []
  readonly decoys: (ScriptDecoy & { steps: string[] })[] = []
  readonly timed: Timed[] = []
  /** What was drawn does not fit together: it is drawn anew. */
  isHopeless = false
  readonly #steps = new Map<string, number>()

  constructor(
    { world, numbers, random, kinds, isFaulty }: Drawn,
    { lead, weights }: { lead: LeadAgent; weights: Weights },
  ) {
    this.world = world
    this.numbers = numbers
    this.random = random
    this.lead = lead
    const drawn = drawKinds(new Random(kinds), weights, numbers)
    this.kinds = isFaulty ? drawn : []
    this.twins = isFaulty ? [] : drawn
  }

  /** Whether something of this probability is there. */
  has(what: string, probability = this.numbers.decoy): boolean {
    return this.random.fork(`has ${what}`).chance(probability)
  }

  /** A whole number. */
  count(what: string, least: number, most: number): number {
    return this.random.fork(`count ${what}`).integer(least, most)
  }

  /** A job, after all that there are. */
  job(job: Omit<Job, 'steps'> = {}): DraftJob {
    const drafted = { ...job, steps: [] }
    this.jobs.push(drafted)
    return drafted
  }

  /** The key of the next step of this kind that the agent of this job takes; the lead's own without a job. */
  keyOf(kind: 'call' | 'chat' | 'chunk' | 'feedback' | 'retrieval' | 'handoff', job?: Job): string {
    const { name, index: which } = job?.agent ?? this.lead
    const prefix = which === undefined ? `${name}/${kind}` : `${name}/${which}/${kind}`
    const index = this.#steps.get(prefix) ?? 0
    this.#steps.set(prefix, index + 1)
    return `${prefix}/${index}`
  }

  fault(fault: NewFault): DraftFault {
    const added = { changesOutcome: false, ...fault, id: `${fault.kind}/${this.faults.length}`, steps: [] }
    this.faults.push(added)
    return added
  }

  decoy(kind: string, isNeutral = false): ScriptDecoy & { steps: string[] } {
    const added = { id: `decoy/${this.decoys.length}`, kind, steps: [], isNeutral }
    this.decoys.push(added)
    return added
  }

  /** Steps of these kinds that the run waits for and that nothing was done to yet, in a drawn order. */
  free(what: string, kinds: readonly ScriptStep['kind'][] = ['call']): Timed[] {
    const free = this.timed.filter((timed) => timed.isWaited && kinds.includes(timed.step.kind) && isUntouched(timed))
    return shuffled(this.random.fork(`free ${what}`), free)
  }

  /** The first of them; undefined where there is none. */
  some(what: string, kinds?: readonly ScriptStep['kind'][]): Timed | undefined {
    const [first] = this.free(what, kinds)
    if (!first) this.isHopeless = true
    return first
  }

  /** How much shorter the run would be without this, as a share of its work. */
  savingOf(id: string): number {
    const script = { lead: this.lead, before: this.before, jobs: this.jobs, after: this.after, lanes: this.lanes }
    const { totalMs, workMs } = scheduleOf(script, new Set())
    return (totalMs - scheduleOf(script, new Set([id])).totalMs) / workMs
  }
}

/** Whether it is as it was drawn, and there whatever is planted. */
export const isUntouched = ({ of, step }: Timed) =>
  of.ms.by === undefined && step.gapMs.by === undefined && step.onlyWith === undefined && step.onlyWithout === undefined

/** What every generator is given. */
export interface Drawn {
  world: World
  numbers: LevelNumbers
  random: Random
  /** What kinds of faults are drawn from: the same however often the rest is drawn. */
  kinds: string
  isFaulty: boolean
}

function drawKinds(random: Random, weights: Weights, { faults, level }: LevelNumbers): PlantedKind[] {
  const count = random.integer(...faults)
  if (level < 4) return Array.from({ length: count }, () => pickKind(random, weights))
  // Of different kinds: one that was drawn is not drawn again.
  const left = { ...weights }
  return Array.from({ length: Math.min(count, Object.keys(weights).length) }, () => {
    const kind = pickKind(random, left)
    delete left[kind]
    return kind
  })
}

function pickKind(random: Random, weights: Weights): PlantedKind {
  const entries = Object.entries(weights) as [PlantedKind, number][]
  let left = random.float() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of entries) if ((left -= weight) < 0) return kind
  return (entries.at(-1) as [PlantedKind, number])[0]
}

/** `count` of the numbers from 0 on, in a drawn order. */
export function drawIndices(random: Random, population: number, count: number): number[] {
  return shuffled(
    random,
    Array.from({ length: population }, (_, index) => index),
  ).slice(0, count)
}

/** The key of the agent that takes a step: `worker/7/call/0` is `worker/7`'s. */
export const agentOf = ({ key }: Pick<ScriptStep, 'key'>): string => key.split('/').slice(0, -2).join('/')
