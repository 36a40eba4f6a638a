import { severing } from '../operations/hand-over.ts'
import { call } from './calls.ts'
import type { DraftFault } from './draft.ts'
import type { Asked, Relay, Worker } from './relay.ts'
import type { ChatStep } from './script.ts'
import { type Context, sendOtherwise, think } from './thoughts.ts'
import { between, shuffled } from './world.ts'

/** How late an agent begins, ms. */
const lateMs: Readonly<Record<2 | 3 | 4, readonly [number, number]>> = {
  2: [15_000, 30_000],
  3: [5000, 30_000],
  4: [5000, 30_000],
}
/** How much of the context is handed over where some of it is not. */
export const handedShare = [0.15, 0.5] as const

/** A fault: the trace ends at the call, and goes on as another one. At level 4 beside a call whose agent is a trace of its own on purpose. */
export function severed(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  lead.think()
  const task = relay.task(name)
  const jobs = draft.numbers.level === 4 ? relay.atOnce(2) : [lead.job]
  const [job, other] = shuffled(draft.random.fork(`${name} order`), jobs)
  if (other) {
    const beside = relay.handOver(other, relay.task(`${name} beside`, task.to))
    beside.isLinked = true
    draft.decoy('linked').steps.push(beside.key)
  }
  const step = relay.handOver(job ?? lead.job, task)
  const declared = severing(step.key)
  const fault = Object.assign(draft.fault({ ...declared, changesOutcome: true }), { id: declared.id })
  fault.steps.push(step.key)
  step.severedBy = fault.id
}

/** A fault: an agent begins long after it has been handed something. */
export function acceptLag(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  lead.think()
  const task = relay.task(name)
  const value = Math.round(between(draft.random.fork(`${name} late`), ...lateMs[draft.numbers.level]))
  const fault = draft.fault({ kind: 'accept_lag', entity: { agent: task.to }, magnitude: { unit: 'ms', value } })
  const step = relay.handOver(lead.job, task)
  step.acceptMs = { value, base: step.acceptMs.base, by: fault.id }
  fault.steps.push(step.key)
}

/** A fault: the same is handed to the same agent again and again, which does the same and has nothing new to say. */
export function bounce(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  const task = relay.task(name)
  const value = draft.random.fork(`${name} times`).integer(2, 3)
  const magnitude = { unit: 'times', value } as const
  const fault = draft.fault({ kind: 'bounce', entity: { agent: task.to }, magnitude, changesOutcome: true })
  const before = relay.known.length
  lead.think()
  fault.steps.push(relay.handOver(lead.job, task).key)
  const asked = relay.known.slice(before)
  for (let times = 0; times < value; times++) {
    const thought = lead.think()
    const again = relay.handOver(lead.job, task, (worker) => askAgain(worker, asked))
    for (const step of [thought.step, again]) step.onlyWith = fault.id
    fault.steps.push(thought.step.key, again.key, ...again.steps.map(({ key }) => key))
  }
}

/** An agent asks what was asked before, and hears what is known; `goesOn` says whether it has more to ask. */
export function askAgain(worker: Worker, asked: readonly Asked[], goesOn = false): void {
  const { draft, job } = worker
  for (const [index, question] of asked.entries()) {
    call(draft, job, question)
    worker.think({ asksForTool: goesOn || index < asked.length - 1 })
  }
}

/** Some of what is known, so many at least. */
export function someKnown({ draft, known }: Relay, name: string, least: number, most: number): readonly Asked[] {
  const random = draft.random.fork(`${name} known`)
  return shuffled(random, known).slice(0, random.integer(least, most))
}

/** A fault: an agent is handed a part of what is known, and asks again for what was asked already. */
export function dropped(relay: Relay, name: string): void {
  const { draft } = relay
  const lead = relay.stage()
  lead.think()
  const task = relay.task(name)
  const fault = draft.fault({ kind: 'dropped', entity: { agent: task.to }, changesOutcome: true })
  const lost = Math.round(relay.context.tokens * (1 - between(draft.random.fork(`${name} share`), ...handedShare)))
  const again = someKnown(relay, name, 3, 5)
  const step = relay.handOver(lead.job, task, (worker) => new Forgetful(worker, fault, lost).work(again))
  fault.steps.push(step.key)
}

/** An agent that knows less than it should while a fault is in. */
class Forgetful {
  readonly #worker: Worker
  readonly #fault: DraftFault
  /** What it knows with the fault. */
  readonly #cut: Context

  constructor(worker: Worker, fault: DraftFault, lost: number) {
    this.#worker = worker
    this.#fault = fault
    this.#cut = { tokens: 0 }
    const first = worker.job.steps[0] as ChatStep
    this.#send(first, { inputTokens: first.inputTokens.base - lost, cachedTokens: 0 })
    fault.steps.push(first.key)
  }

  work(again: readonly Asked[]): void {
    const { draft, job } = this.#worker
    for (const asked of again) {
      const outputTokens = draft.random.fork(`${this.#fault.id} ${job.steps.length}`).integer(20, 120)
      for (const { step } of [call(draft, job, asked), think(draft, job.steps, this.#cut, { outputTokens }, job)]) {
        step.onlyWith = this.#fault.id
        this.#fault.steps.push(step.key)
      }
    }
    this.#worker.lookUp()
    const known = this.#worker.context.tokens
    const { step } = this.#worker.think({ asksForTool: false })
    const added = (step as ChatStep).inputTokens.base - known
    this.#send(step as ChatStep, { inputTokens: this.#cut.tokens + added, cachedTokens: this.#cut.tokens })
  }

  #send(step: ChatStep, sent: { inputTokens: number; cachedTokens: number }): void {
    sendOtherwise(step, sent, this.#fault.id)
    this.#cut.tokens = sent.inputTokens + step.outputTokens
  }
}
