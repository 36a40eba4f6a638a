import type { Random } from 'contract/random'
import { sentence } from '../model.ts'
import { argumentsOf, call, gapOf, resultOf, someTool } from './calls.ts'
import type { Draft, DraftJob, Timed } from './draft.ts'
import { type CallStep, figure, type HandOverStep, type ScriptStep } from './script.ts'
import { type Context, think, type ThoughtOptions } from './thoughts.ts'
import { between, type ToolBaseline } from './world.ts'

/** Who takes over; in a business they are called so as well. */
const agents = ['researcher', 'resolver', 'reviewer', 'responder'] as const

/** How long it usually takes until an agent begins that takes over, ms. */
const acceptMs = [100, 1000] as const
/** What is said around a task, tokens. */
const messageTokens = [20, 200] as const

/** A question, and what it was answered. */
export type Asked = Pick<CallStep, 'arguments' | 'result'> & { tool: ToolBaseline; size: number }

/** What an agent is handed, and what becomes of it. */
export interface Task {
  to: string
  message: string
  /** What comes back. */
  result: string
}

/** What an agent is to do that takes over. */
export type Work = (worker: Worker) => void

/** An agent at work: what it does goes into its own steps, and what it is told into its own context. */
export class Worker {
  readonly draft: Draft
  readonly job: DraftJob
  readonly context: Context
  readonly #relay: Relay
  readonly #name: string

  /** The name tells its draws from those of others. */
  constructor(relay: Relay, name: string, job: DraftJob, context: Context) {
    this.#relay = relay
    this.#name = name
    this.draft = relay.draft
    this.job = job
    this.context = context
  }

  get #random(): Random {
    return this.draft.random.fork(`${this.#name} ${this.job.steps.length}`)
  }

  think(options: ThoughtOptions = {}): Timed {
    const outputTokens = this.#random.fork('tokens').integer(20, 120)
    return think(this.draft, this.job.steps, this.context, { outputTokens, ...options }, this.job)
  }

  /** The agent looks something up that nobody has asked before. */
  lookUp(): Timed {
    const name = `looked up ${this.#relay.known.length}`
    const tool = someTool(this.draft, this.#random.fork('tool'))
    const size = between(this.#random.fork('size'), 0.2, 1.5)
    const asked = { tool, size, arguments: argumentsOf(this.draft, name), result: resultOf(this.draft, name) }
    this.#relay.known.push(asked)
    return call(this.draft, this.job, asked)
  }

  /** The agent looks up so many things, and answers. */
  work(least = 1, most = 2): void {
    for (let left = this.#random.fork('calls').integer(least, most); left > 0; left--) {
      this.lookUp()
      this.think({ asksForTool: left > 1 })
    }
  }
}

/** A lead that hands over to one agent after another; the context that has come together goes with it. */
export class Relay {
  readonly draft: Draft
  readonly context: Context = { tokens: 0 }
  /** What has been looked up so far, by whomever. */
  readonly known: Asked[] = []
  /** The jobs that the next one waits for. */
  #last: number[] = []

  constructor(draft: Draft) {
    this.draft = draft
  }

  /** What the lead does next, after all that it has begun. */
  stage(): Worker {
    const [job] = this.atOnce(1) as [DraftJob]
    return new Worker(this, `stage ${this.draft.jobs.length}`, job, this.context)
  }

  /** Jobs at the same time, after all that it has begun. */
  atOnce(count: number): DraftJob[] {
    const jobs = Array.from({ length: count }, () => this.draft.job({ after: this.#last }))
    this.#last = jobs.map((job) => this.draft.jobs.indexOf(job))
    return jobs
  }

  /** Something to do for somebody, that nobody was told before. */
  task(name: string, to?: string): Task {
    const { draft } = this
    const random = draft.random.fork(name)
    return {
      to: to ?? random.fork('to').pick(agents),
      message: sentence(random.fork('message'), 16),
      result: resultOf(draft, name),
    }
  }

  /** Hands over: the agent begins with all that is known, unless `hands` says what it begins with, thinks, and does its work. */
  handOver(
    job: DraftJob,
    task: Task,
    work: Work = (worker) => worker.work(),
    { hands = 1 }: { hands?: number } = {},
  ): HandOverStep {
    const { draft } = this
    const key = draft.keyOf('handoff', job)
    const random = draft.random.fork(key)
    const steps: ScriptStep[] = []
    const own: DraftJob = { agent: { name: task.to }, beside: job.beside, steps }
    const worker = new Worker(this, key, own, { tokens: this.context.tokens })
    const added = random.fork('message').integer(...messageTokens)
    worker.think({ keeps: hands, added })
    work(worker)
    const step: HandOverStep = {
      kind: 'hand_over',
      key,
      gapMs: figure(gapOf(random)),
      acceptMs: figure(between(random.fork('accept'), ...acceptMs)),
      ...task,
      steps,
    }
    job.steps.push(step)
    return step
  }
}
