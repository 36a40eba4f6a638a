import type { Random } from 'contract/random'
import { call, resultOf, someTool, toolNamed } from './calls.ts'
import { ContextFaults, window } from './context-faults.ts'
import { demandOf } from './demand.ts'
import { Draft, type DraftFault, type Drawn, type Timed } from './draft.ts'
import type { Levels } from './level.ts'
import { act, hear, keysOf, pollFor, type Repeat, retried, type Thinker } from './repeats.ts'
import type { ChatStep } from './script.ts'
import { think } from './thoughts.ts'
import { between, shuffled, spread, usualBytes } from './world.ts'

const stepsOf = { least: 10, most: 30 }
/** Of all repeats together. */
const mostRepeatedCalls = 40
/** Turns that come right before the compaction. */
const stretch = 3
/** What a thought comes to, and a result's spread: its mean is over its median. */
const meanThought = 190
const resultSigma = 0.5
const meanOfMedian = 1.13
const fewestTokens = 150
/** How often what was said is summarised with a large result. */
const summarisedShare = 0.8
/** A context that is no fuller than this is well. */
const fullest = 0.93
/** An answer that is held to a few tokens, and one as any other. */
const smallLimits = [16, 64] as const
const usualLimit = 4096

/** One agent whose context grows by what it is answered, is compacted once as planned, and grows again. */
export const overflowLevels: Levels<'steps'> = {
  takes: ['steps'],
  draft: (drawn, { steps }) => new Growing(drawn, Number(steps ?? 0)).draft,
  demand: ({ steps }) => {
    const calls = Math.max(stepsOf.most, Number(steps ?? 0)) + mostRepeatedCalls
    return demandOf({ jobs: 1, lanes: 1, callsOfJob: calls, others: calls + 8 })
  },
}

type Turn = (name: string) => void

class Growing {
  readonly draft: Draft
  readonly #agent: Thinker
  readonly #prefix: number
  /** Plain calls, of which the compaction drops those that there are by then. */
  readonly #forgotten: Timed[] = []
  #isCompacted = false
  /** The turn of the stretch before the compaction in which a result fills the context, or nearly. */
  readonly #fillAt: number
  #mean = fewestTokens

  constructor(drawn: Drawn, asked: number) {
    const steps = asked || drawn.random.fork('steps').integer(stepsOf.least, stepsOf.most)
    const draft = new Draft(drawn, {
      lead: { name: 'assistant', facts: { role: 'planner', max_steps: steps } },
      weights:
        drawn.numbers.level === 2
          ? { overflow: 1 }
          : { overflow: 0.35, duplicate_history: 0.2, lost_fact: 0.25, cache_miss: 0.2 },
    })
    this.draft = draft
    const isLarge = draft.has('large prefix')
    this.#prefix = isLarge ? draft.count('prefix', 6000, 9000) : draft.count('prefix', 800, 2000)
    this.#agent = { draft, job: draft.job(), context: { tokens: this.#prefix, unread: fewestTokens } }
    this.#fillAt = draft.count('fill at', 0, stretch - 2)
    const [before, after] = this.#turns(Math.max(steps, 2 * stretch))
    const filled = this.#grow(before)
    const compaction = this.#compact()
    this.#go(after, 'after', this.#medianFor(after.length, between(draft.random.fork('filled again'), 0.6, 0.8)))
    const outputTokens = draft.count('answer', 200, 600)
    think(draft, this.#agent.job.steps, this.#agent.context, { outputTokens, asksForTool: false }, this.#agent.job)
    this.#hold()
    if (isLarge) draft.decoy('cached prefix').steps.push(this.#agent.job.steps[0]?.key ?? '')
    const faults = new ContextFaults(draft, this.#agent.job, { prefix: this.#prefix, compaction })
    if (this.#kinds.has('overflow')) faults.overflow(filled)
    if (this.#kinds.has('duplicate_history')) faults.duplicateHistory()
    if (this.#kinds.has('cache_miss')) faults.missCache()
    if (!faults.isWithin(fullest)) draft.isHopeless = true
  }

  get #kinds(): ReadonlySet<string> {
    return new Set(this.draft.kinds)
  }

  /** What is done before the compaction, and after it. */
  #turns(steps: number): [Turn[], Turn[]] {
    const { draft } = this
    const random = draft.random.fork('turns')
    const plain = Array.from({ length: steps - stretch - 1 }, () => this.#turn)
    const before: Turn[] = plain.splice(0, Math.max(2, Math.round(plain.length * between(random, 0.35, 0.65))))
    const after: Turn[] = plain
    for (const [name, decoy] of Object.entries(decoys))
      if (draft.has(name)) (random.fork(name).chance(0.5) ? before : after).push((name) => decoy(this.#agent, name))
    if (draft.has('limited')) (random.fork('limited').chance(0.5) ? before : after).push(this.#limited)
    if (draft.has('idle')) (random.fork('idle').chance(0.5) ? before : after).push(this.#afterPause)
    if (draft.has('large result')) after.push(this.#largeResult)
    if (draft.numbers.level === 4 && this.#isFilled) before.push(this.#filledBefore)
    if (this.#kinds.has('lost_fact')) after.push(this.#askAgain)
    if (draft.twins.includes('lost_fact')) after.push(this.#askAnew)
    return [shuffled(random.fork('before'), before), shuffled(random.fork('after'), after)]
  }

  get #isFilled(): boolean {
    return this.#kinds.has('overflow') || this.draft.twins.includes('overflow')
  }

  /** Until the compaction; resolves to the call in the stretch before it that may fill the context. */
  #grow(before: readonly Turn[]): Timed {
    const fill = between(this.draft.random.fork('filled'), 0.52, 0.75)
    this.#go(before, 'before', this.#medianFor(before.length + stretch, fill))
    const calls = Array.from({ length: stretch }, (_, index) => {
      const isTwin = this.draft.twins.includes('overflow') && index === this.#fillAt
      return isTwin ? this.#fillNearly() : this.#step(`stretch/${index}`)
    })
    return calls[this.#fillAt] as Timed
  }

  #go(turns: readonly Turn[], when: string, medianTokens: number): void {
    this.#mean = medianTokens
    turns.forEach((turn, index) => turn(`${when}/${index}`))
  }

  /** How large results are that so many of them fill so much of the window. */
  #medianFor(turns: number, fill: number): number {
    const room = fill * window - this.#agent.context.tokens - turns * meanThought
    return Math.max(fewestTokens, Math.min(3000, room / (turns * meanOfMedian)))
  }

  /** The agent thinks, and is answered so many tokens. */
  #step(name: string, tokens?: number): Timed {
    const { draft, job, context } = this.#agent
    const random = draft.random.fork(name)
    think(draft, job.steps, context, {}, job)
    const answered = tokens ?? this.#mean * spread(random, resultSigma)
    return this.#answer(random, answered)
  }

  /** A tool answers so many tokens. */
  #answer(random: Random, tokens: number): Timed {
    const { draft, job } = this.#agent
    const tool = someTool(draft, random.fork('tool'))
    const called = call(draft, job, { tool, size: (tokens * tool.bytesPerToken) / usualBytes })
    hear(this.#agent)
    return called
  }

  readonly #turn = (name: string) => {
    const called = this.#step(name)
    if (!this.#isCompacted) this.#forgotten.push(called)
  }

  /** A decoy: a large result for which there is room; mostly what was said is summarised with it, though it need not be. */
  readonly #largeResult = (name: string) => {
    const { draft, job, context } = this.#agent
    const random = draft.random.fork(`${name} tokens`)
    const room = 0.9 * window - context.tokens - 4000
    const called = this.#step(name, Math.min(room, random.integer(8000, 12_000)))
    const decoy = draft.decoy('large result')
    decoy.steps.push(called.step.key)
    if (!random.chance(summarisedShare)) return
    const summary = { keeps: between(random, 0.55, 0.75), added: random.integer(300, 800) }
    decoy.steps.push(think(draft, job.steps, context, summary, job).step.key)
    this.#answer(draft.random.fork(`answer ${job.steps.length}`), this.#mean)
  }

  /** Neutral: a large result that fills the context before a smaller one exceeds it. */
  readonly #filledBefore = (name: string) => {
    const called = this.#step(name, this.draft.random.fork(`${name} tokens`).integer(8000, 10_000))
    this.draft.decoy('filled before', true).steps.push(called.step.key)
  }

  /** A decoy, twin of an overflow: the context is all but full, and it is enough. */
  #fillNearly(): Timed {
    const { draft, context } = this.#agent
    const share = between(draft.random.fork('nearly'), 0.84, 0.9)
    const called = this.#step(
      'nearly',
      Math.max(fewestTokens, share * window - context.tokens - (context.unread ?? 0) - meanThought),
    )
    draft.decoy('full and enough').steps.push(called.step.key)
    return called
  }

  /** A decoy: an answer is cut since it was to be short. */
  readonly #limited = (name: string) => {
    const { draft, job, context } = this.#agent
    const outputTokens = draft.random.fork(name).integer(...smallLimits)
    const { step } = think(draft, job.steps, context, { outputTokens, asksForTool: false }, job)
    if (step.kind === 'chat') step.maxTokens = outputTokens
    draft.decoy('short answer').steps.push(step.key)
  }

  /** A decoy: nothing was asked for so long that the cache has forgotten the context. */
  readonly #afterPause = (name: string) => {
    const { draft, job, context } = this.#agent
    const idleMs = between(draft.random.fork(name), 2000, 4000)
    const { step } = think(draft, job.steps, context, { idleMs }, job)
    draft.decoy('after a pause').steps.push(step.key)
    this.#answer(draft.random.fork(`answer ${job.steps.length}`), this.#mean)
  }

  /** A decoy: what was said is compacted as planned, and no cache has it. */
  #compact(): ChatStep {
    this.#isCompacted = true
    const { draft, job, context } = this.#agent
    if (context.tokens + (context.unread ?? 0) > fullest * window) draft.isHopeless = true
    const left = this.#prefix + between(draft.random.fork('compacted'), 0.08, 0.15) * window
    const { step } = think(draft, job.steps, context, { keeps: Math.min(1, left / context.tokens) }, job)
    draft.decoy('compaction').steps.push(step.key)
    this.#answer(draft.random.fork(`answer ${job.steps.length}`), this.#mean)
    return step as ChatStep
  }

  /** Some of what was asked before the compaction, again: with the same answers, or with new ones. */
  #again(name: string, isNew: boolean): Timed[] {
    const { draft } = this
    const random = draft.random.fork(name)
    const chosen = shuffled(random.fork('which'), this.#forgotten).slice(0, random.integer(2, 4))
    return chosen.flatMap(({ step, of }, index) => {
      if (step.kind !== 'call') return []
      const { tool, arguments: given } = step
      const result = isNew ? resultOf(draft, `${name}/${index}`) : step.result
      const options = { arguments: given, result, size: (of.bytes ?? 0) / usualBytes }
      return act(this.#agent, random, { ...options, tool: toolNamed(draft, tool) })
    })
  }

  /** A fault: what the compaction has dropped is asked for again. The first time points at it as well. */
  readonly #askAgain = (name: string): DraftFault => {
    const { draft } = this
    const fault = draft.fault({ kind: 'lost_fact', entity: { agent: draft.lead.name } })
    const again = this.#again(name, false)
    for (const { step } of again) step.onlyWith = fault.id
    const asked = new Set(again.flatMap(({ step }) => (step.kind === 'call' ? step.arguments : [])))
    const first = this.#forgotten.filter(({ step }) => step.kind === 'call' && asked.has(step.arguments))
    fault.steps.push(...keysOf([...again, ...first]))
    fault.magnitude = { unit: 'times', value: asked.size }
    return fault
  }

  /** Its twin: asked again, since it has changed. */
  readonly #askAnew: Turn = (name) => {
    this.draft.decoy('asked anew').steps.push(...keysOf(this.#again(name, true)))
  }

  /** What every call of the model says that it is held to. */
  #hold(): void {
    for (const step of this.#agent.job.steps) {
      if (step.kind !== 'chat') continue
      step.window = window
      step.maxTokens ??= usualLimit
    }
  }
}

/** Repeats that make progress. */
const decoys: Readonly<Record<string, Repeat>> = { poll: pollFor(3, 6, 0.5), retried }
