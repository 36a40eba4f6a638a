import type { Random } from 'contract/random'
import { call, type CallOptions, otherTool, refused, resultOf, someTool, unanswered } from './calls.ts'
import { think } from './thoughts.ts'
import type { Timed } from './draft.ts'
import { lateness, type PeopleTimes } from './people.ts'
import { retried, type Thinker } from './repeats.ts'
import { figure, type WaitStep } from './script.ts'
import { between, spread, type ToolBaseline, usualBytes } from './world.ts'

/** Sigma of people's times. */
const peopleSigma = 1
/** An agent goes on so long after an answer, ms. */
const resumeMs = [100, 500] as const

/**
 * What becomes of something that an agent wants to do: it is done without asking, below the limit, or after a person has
 * approved; or what the names say.
 */
export type Course =
  | 'unasked'
  | 'approved'
  | 'rejected'
  | 'expired'
  | 'changed'
  | 'barely'
  | 'unneeded'
  | 'redone'
  | 'renewed'
  | 'told to wait'
  | 'appointed'
  | 'retried'

/** A step that goes on after a person has approved. */
export interface Resumed {
  wait: WaitStep
  next: Timed
}

export interface Surroundings {
  agent: Thinker
  times: PeopleTimes
  /** What is to be known of all errands. */
  resumed: Resumed[]
  waits: WaitStep[]
}

/** One thing that the agent wants to do: what it prepares, whom it asks, and what it does then. */
export class Errand {
  readonly #around: Surroundings
  readonly #name: string
  readonly #random: Random
  readonly #tool: ToolBaseline
  readonly #id: string
  /** It is to be done so long after it was approved, where that is not at once. */
  #afterS: number | undefined

  constructor(around: Surroundings, name: string) {
    const { draft } = around.agent
    this.#around = around
    this.#name = name
    this.#random = draft.random.fork(name)
    this.#tool = someTool(draft, this.#random.fork('tool'))
    this.#id = draft.random.identifier(`arguments ${name}`, 12)
  }

  take(course: Course): void {
    const { draft } = this.#around.agent
    if (course === 'retried') return retried(this.#around.agent, this.#name)
    const prepared = this.#prepare()
    const amount = this.#amount(course)
    switch (course) {
      case 'unasked':
        this.#think(60)
        return void this.#execute(amount, this.#lag())
      case 'unneeded':
        return this.#unneeded(amount)
      case 'rejected':
        draft.decoy('rejected').steps.push(this.#ask(amount, 'reject').key)
        return void this.#think(60, this.#lag())
      case 'expired':
      case 'redone':
      case 'renewed':
        return this.#askAgain(course, amount, prepared)
      case 'changed':
        return this.#askChanged(amount)
      case 'told to wait':
        return this.#toldToWait(amount)
      case 'appointed':
        return this.#appointed(amount)
      case 'approved':
      case 'barely':
        this.#approved(amount)
    }
  }

  /** What is known before anybody is asked: a few calls. */
  #prepare(): Timed[] {
    const { agent, times } = this.#around
    const { draft, job } = agent
    return Array.from({ length: this.#random.fork('work').integer(1, times.mostPrepared) }, () => {
      this.#think(120)
      return call(draft, job)
    })
  }

  #think(mostTokens: number, gapMs?: number): Timed {
    const { draft, job, context } = this.#around.agent
    const outputTokens = this.#random.fork(`thought ${job.steps.length}`).integer(20, mostTokens)
    const thought = think(draft, job.steps, context, { outputTokens }, job)
    if (gapMs !== undefined) thought.step.gapMs = figure(gapMs)
    return thought
  }

  /** How much it is about: below the limit of its tool nobody has to be asked. */
  #amount(course: Course): number {
    const { draft } = this.#around.agent
    const { limit } = this.#tool
    const random = this.#random.fork('amount')
    if (course === 'unasked') return Math.floor(limit * between(random, 0.05, 0.98))
    if (course === 'unneeded') return Math.floor(limit * between(random, 0.1, 0.9))
    const isBarely = course === 'barely' || draft.has(`${this.#name} barely`, 0.3)
    return Math.ceil(limit * (isBarely ? between(random, 1.02, 1.3) : Math.exp(between(random, 0.1, 2.5))))
  }

  #lag = () => between(this.#random.fork(`lag ${this.#around.agent.job.steps.length}`), ...resumeMs)

  #argumentsFor = (amount: number) =>
    JSON.stringify({
      id: this.#id,
      action: 'write',
      amount,
      ...(this.#afterS !== undefined && { after_s: this.#afterS }),
    })

  /** Asks a person whether it may be done. */
  #ask(amount: number, outcome: WaitStep['outcome'] = 'approve', gapMs?: number): WaitStep {
    const { agent, times, waits } = this.#around
    const { draft, job } = agent
    const key = draft.keyOf('feedback', job)
    const random = draft.random.fork(key)
    const ms = outcome === 'expire' ? times.expiryMs : times.usualMs * spread(random.fork('ms'), peopleSigma)
    const step: WaitStep = {
      kind: 'wait',
      key,
      gapMs: figure(gapMs ?? between(random, 4, 16)),
      ms: figure(Math.round(ms)),
      outcome,
      tool: this.#tool.name,
      arguments: this.#argumentsFor(amount),
    }
    job.steps.push(step)
    if (outcome !== 'expire') waits.push(step)
    return step
  }

  /** Does it. */
  #execute(amount: number, gapMs: number): Timed {
    const { draft, job } = this.#around.agent
    return call(draft, job, { tool: this.#tool, arguments: this.#argumentsFor(amount), gapMs })
  }

  #approved(amount: number, wait = this.#ask(amount)): void {
    this.#around.resumed.push({ wait, next: this.#execute(amount, this.#lag()) })
  }

  /** A fault: a person is asked about what needs nobody. */
  #unneeded(amount: number): void {
    const { draft } = this.#around.agent
    const wait = this.#ask(amount)
    const magnitude = { unit: 'ms', value: wait.ms.value } as const
    const fault = draft.fault({ kind: 'unneeded', entity: { agent: draft.lead.name }, magnitude })
    wait.onlyWith = fault.id
    fault.steps.push(wait.key)
    this.#around.waits.pop()
    this.#execute(amount, this.#lag())
  }

  /**
   * Nobody answers in time, and the same is asked again: at once (a decoy), after all work was done again to no other result
   * (a fault), or after work that says something new by now (its twin).
   */
  #askAgain(course: 'expired' | 'redone' | 'renewed', amount: number, prepared: readonly Timed[]): void {
    const { draft } = this.#around.agent
    const expired = this.#ask(amount, 'expire')
    if (course === 'expired') draft.decoy('asked again').steps.push(expired.key)
    if (course === 'renewed')
      draft.decoy('renewed').steps.push(...this.#repeat(prepared, true).map(({ step }) => step.key))
    const gapMs = this.#lag()
    if (course !== 'redone') return this.#approved(amount, this.#ask(amount, 'approve', gapMs))
    const magnitude = { unit: 'times', value: prepared.length } as const
    const fault = draft.fault({ kind: 'redo', entity: { agent: draft.lead.name }, magnitude })
    const repeats = this.#repeat(prepared, false)
    for (const { step } of repeats) step.onlyWith = fault.id
    const again = this.#ask(amount, 'approve', gapMs)
    // The first time points at it as well.
    fault.steps.push(...[...prepared, ...repeats].map(({ step }) => step.key), expired.key, again.key)
    this.#approved(amount, again)
  }

  /** The same calls again, with the same answers or with new ones. */
  #repeat(prepared: readonly Timed[], isNew: boolean): Timed[] {
    const { draft, job } = this.#around.agent
    return prepared.flatMap(({ step, of }, index) => {
      if (step.kind !== 'call') return []
      const options: CallOptions = {
        tool: draft.world.tools.find(({ name }) => name === step.tool) as ToolBaseline,
        arguments: step.arguments,
        result: isNew ? resultOf(draft, `${this.#name} again ${index}`) : step.result,
        size: (of.bytes ?? usualBytes) / usualBytes,
      }
      const thought = this.#think(120, index === 0 ? this.#lag() : undefined)
      return [thought, call(draft, job, options)]
    })
  }

  /** A decoy: what was approved has become more by now, and has to be approved again. */
  #askChanged(amount: number): void {
    const { draft, job } = this.#around.agent
    this.#ask(amount)
    this.#think(60, this.#lag())
    call(draft, job, { tool: otherTool(draft, this.#tool) })
    const more = Math.ceil(amount * between(this.#random.fork('more'), 1.1, 1.6))
    const second = this.#ask(more)
    draft.decoy('changed request').steps.push(second.key)
    this.#approved(more, second)
  }

  /** A decoy: approved, and done when it was to be. */
  #appointed(amount: number): void {
    const { agent, times } = this.#around
    const random = this.#random.fork('appointed')
    this.#afterS = Math.ceil(between(random, ...lateness(agent.draft, times)) / 1000)
    const wait = this.#ask(amount)
    const done = this.#execute(amount, this.#afterS * 1000 * between(random, 1, 1.03))
    agent.draft.decoy('appointed').steps.push(wait.key, done.step.key)
  }

  /** A decoy: approved, refused for now, and done when the tool had said that it may be. */
  #toldToWait(amount: number): void {
    const { agent, times } = this.#around
    const { draft, job } = agent
    const random = this.#random.fork('told to wait')
    const askedS = Math.ceil(between(random, ...lateness(draft, times)) / 1000)
    const wait = this.#ask(amount)
    const attempts = [refused(random, this.#tool, { status: 429, retryAfterS: askedS })]
    const options = { tool: this.#tool, arguments: this.#argumentsFor(amount), gapMs: this.#lag(), attempts }
    const told = unanswered(draft, job, options)
    const done = this.#execute(amount, askedS * 1000 * between(random, 1, 1.03))
    draft.decoy('told to wait').steps.push(wait.key, told.key, done.step.key)
  }
}
