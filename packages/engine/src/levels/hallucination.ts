import { noTools } from '../hallucinated.ts'
import { modelName } from '../model.ts'
import { answerOf, type Said, sizeOf } from './answers.ts'
import { call, type CallOptions, refusalsOf, refused, someTool, unanswered } from './calls.ts'
import { demandOf } from './demand.ts'
import { Draft, type DraftFault, type Drawn, type Timed } from './draft.ts'
import type { Levels } from './level.ts'
import type { Thinker } from './repeats.ts'
import { type CallStep, figure, type ScriptStep } from './script.ts'
import { big, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { between, shuffled, type ToolBaseline } from './world.ts'

const stepsOf = { least: 8, most: 20 }
/** Of all that is no plain call together. */
const mostOthers = 34

/** One agent looks up what its user and what earlier answers have named. */
export const hallucinationLevels: Levels<'lookups'> = {
  takes: ['lookups'],
  draft,
  demand: ({ lookups }) => {
    const asked = Number(lookups ?? stepsOf.most) + mostOthers
    return demandOf({ jobs: 1, lanes: 1, callsOfJob: asked, others: asked + 8 })
  },
}

const faults = ['no_tool', 'bad_arguments', 'invented_id'] as const
type Hallucination = (typeof faults)[number]

/** Something that the agent looks up: a fault by its kind, and what only looks like one. */
type Errand =
  | 'plain'
  | 'named by the user'
  | 'created'
  | 'nothing found'
  | 'not found'
  | 'forbidden'
  | 'refused'
  | 'mended'
  | 'unavailable'
  | Hallucination

function draft(drawn: Drawn, { lookups }: Readonly<Record<string, unknown>>): Draft {
  const draft = new Draft(drawn, {
    lead: { name: 'assistant', facts: { role: 'planner' } },
    weights: {
      no_tool: 0.25,
      bad_arguments: 0.25,
      ...(drawn.numbers.level > 2 && { invented_id: 0.3 }),
      slow_model: 0.2,
    },
  })
  const plain = Number(lookups ?? draft.count('lookups', stepsOf.least, stepsOf.most))
  new LookUps(draft, planOf(draft, plain)).run()
  if (draft.has('big payload')) big(draft)
  if (draft.kinds.includes('slow_model')) slow(draft, draft.free('slow model', ['chat']), 'slow_model')
  return draft
}

/** What the agent looks up in turn; the first is a plain search. */
function planOf(draft: Draft, plain: number): Errand[] {
  const times = (count: number, errand: Errand) => Array.from({ length: count }, () => errand)
  const decoys = (errand: Errand, least: number, most: number) =>
    draft.has(errand) ? times(draft.count(errand, least, most), errand) : []
  const rest = [
    ...times(plain - 1, 'plain'),
    ...decoys('named by the user', 1, 2),
    ...decoys('created', 1, 1),
    ...decoys('nothing found', 1, 2),
    ...decoys('not found', 1, 2),
    ...decoys('forbidden', 1, 2),
    ...decoys('refused', 1, 2),
    ...decoys('mended', 1, 1),
    ...decoys('unavailable', 1, 2),
    ...draft.kinds.filter((kind): kind is Hallucination => faults.some((fault) => fault === kind)),
  ]
  return ['plain', ...shuffled(draft.random.fork('plan'), rest)]
}

type Given = Readonly<Record<string, unknown>>

/** What no tool takes, made of what one takes. */
const wrongs: readonly ((given: Given) => Given)[] = [
  (given) => ({ ...given, limit: 'all' }),
  (given) => ({ ...given, filter: { state: 'open' } }),
  ({ action: _action, ...given }) => given,
  (given) => ({ ...given, action: 'fetch' }),
  (given) => ({ ...given, fields: '*' }),
]

/** How a user writes an id: as it is, or as people do. */
const grouped = (id: string) => id.match(/.{1,4}/g)?.join('-') ?? id
const writings: readonly ((id: string) => string)[] = [
  (id) => id,
  grouped,
  (id) => id.toUpperCase(),
  (id) => grouped(id).toUpperCase(),
]

/** What tools take and are seldom given. */
const seldom: readonly Given[] = [{ since: '2026-03-01' }, { filter: 'open' }, { fields: ['id', 'state'] }]
/** How often what a tool turns down is the only call of its tool, or of its shape, in the run. */
const onlyShare = 0.7
/** How often a plain call has what is seldom given, where nothing is the only one of its shape. */
const seldomShare = 0.3

class LookUps {
  readonly #agent: Thinker
  readonly #plan: readonly Errand[]
  /** By errand, the ids that its answer lists. */
  readonly #lists: { id: string; count: number }[][]
  readonly #named: string[] = []
  /** What is turned down though it is right, and the only call of its tool or of its shape in this run. */
  readonly #onlyOf: { tool?: string | undefined; shape?: string | undefined }

  constructor(draft: Draft, plan: readonly Errand[]) {
    this.#agent = { draft, job: draft.job(), context: { tokens: 0 } }
    this.#plan = plan
    this.#lists = plan.map(() => [])
    const down = plan.flatMap((errand, index) => (turnedDown.has(errand) ? [nameOf(index)] : []))
    const [ofTool, ofShape = ofTool] = shuffled(draft.random.fork('only of'), down)
    const isThere = (what: string) => draft.numbers.level > 2 && draft.has(`only of its ${what}`, onlyShare)
    this.#onlyOf = {
      tool: isThere('tool') ? ofTool : undefined,
      shape: isThere('shape') ? ofShape : undefined,
    }
    plan.forEach((errand, index) => this.#announce(errand, index))
  }

  run(): void {
    const { draft, job, context } = this.#agent
    this.#plan.forEach((errand, index) => this.#take(errand, index))
    think(draft, job.steps, context, { outputTokens: draft.count('answer', 200, 600), asksForTool: false }, job)
    const first = job.steps.find(({ kind }) => kind === 'chat')
    if (first?.kind === 'chat') first.told = this.#request()
  }

  /** What the user wants, and what they name for it. */
  #request(): string {
    const wish = this.#random('wish').pick(['Where do we stand?', 'Please sort this out.', 'What is still open?'])
    return this.#named.length === 0 ? wish : `It is about ${this.#named.join(' and ')}. ${wish}`
  }

  #random = (name: string) => this.#agent.draft.random.fork(name)
  /** The tool that only one call of this run asks is no other's. */
  #toolOf(name: string): ToolBaseline {
    const { draft } = this.#agent
    const { tool: only } = this.#onlyOf
    const tool = someTool(draft, this.#random(`${name} tool`))
    if (only === undefined || only === name) return tool
    const rare = someTool(draft, this.#random(`${only} tool`))
    if (tool !== rare) return tool
    const others = draft.world.tools.filter((other) => other !== rare)
    return this.#random(`${name} other tool`).pick(others)
  }

  #countOf = (name: string) => this.#random(`${name} count`).integer(1, 40)

  #idOf = (name: string) => this.#agent.draft.random.identifier(`arguments ${name}`, 12)

  /** Every id that is looked up was named before: by the user, or by an earlier plain answer. What is created has an id of its own. */
  #announce(errand: Errand, index: number): void {
    const name = nameOf(index)
    const random = this.#random(`${name} listed`)
    if (errand === 'named by the user') return void this.#named.push(random.pick(writings)(this.#idOf(name)))
    // Answers list what nobody looks up, too.
    if (errand === 'plain')
      for (let spare = random.integer(0, 2); spare > 0; spare--)
        this.#lists[index]?.push({ id: this.#idOf(`${name} spare ${spare}`), count: random.integer(1, 40) })
    if (errand === 'created' || errand === 'nothing found' || index === 0) return
    const before = this.#plan.slice(0, index).flatMap((other, at) => (other === 'plain' ? [at] : []))
    this.#lists[random.pick(before)]?.push({ id: this.#idOf(name), count: this.#countOf(name) })
  }

  #take(errand: Errand, index: number): void {
    const { draft } = this.#agent
    const name = nameOf(index)
    const decoy = (steps: readonly Timed[]) => draft.decoy(errand).steps.push(...steps.map(({ step }) => step.key))
    switch (errand) {
      case 'plain':
        return void this.#answered(name, index === 0 ? this.#query(name) : this.#given(name), this.#lists[index])
      case 'named by the user':
        return void decoy(this.#answered(name, this.#given(name)))
      case 'created': {
        const more = { amount: this.#random(`${name} amount`).integer(1, 900) }
        return void decoy(this.#answered(name, { id: this.#idOf(name), action: 'create', ...more }))
      }
      case 'nothing found': {
        const said = { count: 0, total: 0 }
        return void decoy(this.#ask(name, this.#query(name), said))
      }
      case 'not found':
        return this.#turnedDown(errand, name, 404)
      case 'forbidden':
        return this.#turnedDown(errand, name, 403)
      case 'refused':
        return this.#turnedDown(errand, name, 422)
      case 'unavailable':
        return this.#unavailable(name)
      case 'mended': {
        const mended = draft.decoy(errand, true)
        const refusal = { tool: this.#toolOf(name), status: 422, isStrict: true } as const
        const steps = this.#refused(name, this.#wrongOf(name, 0), refusal)
        mended.steps.push(...steps.map(({ key }) => key))
        return void this.#answered(name, this.#given(name))
      }
      case 'no_tool':
        return this.#noTool(name)
      case 'bad_arguments':
        return this.#badArguments(name)
      case 'invented_id':
        return this.#invented(name)
    }
  }

  /** What is asked of a tool: about an id, some with an amount or a limit, or by words. */
  #given(name: string): Given {
    const random = this.#random(`${name} given`)
    const [isWrite, hasLimit] = [random.chance(0.3), random.chance(0.3)]
    const id = this.#idOf(name)
    const more = this.#seldomOf(name)
    if (more) return { id, action: 'read', ...more }
    if (isWrite) return { id, action: 'write', amount: random.integer(1, 900) }
    return { id, action: 'read', ...(hasLimit && { limit: random.pick([10, 20, 50]) }) }
  }

  #seldomOf(name: string): Given | undefined {
    const { shape } = this.#onlyOf
    const random = this.#random(`${name} seldom`)
    const isHere =
      shape === undefined ? this.#agent.draft.numbers.level > 2 && random.chance(seldomShare) : shape === name
    return isHere ? random.pick(seldom) : undefined
  }

  #query(name: string): Given {
    const words = ['open cases', 'late deliveries', 'last invoice', 'contract terms', 'recent changes', 'known issues']
    return { query: this.#random(`${name} query`).pick(words), action: 'read' }
  }

  #think(name: string): Timed {
    const { draft, job, context } = this.#agent
    const outputTokens = this.#random(`${name} thought ${job.steps.length}`).integer(20, 120)
    return think(draft, job.steps, context, { outputTokens }, job)
  }

  /** The agent thinks, asks, and is answered. */
  #ask(name: string, given: Given, said: Said, options: CallOptions = {}): [Timed, Timed] {
    const { draft, job } = this.#agent
    const tool = options.tool ?? this.#toolOf(name)
    const thought = this.#think(name)
    const asked = { arguments: JSON.stringify(given), result: answerOf(draft, name, tool, said), size: sizeOf(said) }
    return [thought, call(draft, job, { ...options, ...asked, tool })]
  }

  #answered(name: string, given: Given, items?: Said['items'], options?: CallOptions): [Timed, Timed] {
    const count = this.#countOf(name)
    return this.#ask(name, given, { count, total: count, items }, options)
  }

  /** The agent thinks, and asks what is refused at once; nothing is lost by that. */
  #refused(
    name: string,
    given: Given,
    refusal: { tool: ToolBaseline; status: number; isStrict?: true },
  ): [ScriptStep, CallStep] {
    const { draft, job } = this.#agent
    const { tool, ...how } = refusal
    const thought = this.#think(name)
    const attempts = [{ ...how, waitMs: figure(0), ms: figure(0), bytes: 0 }]
    const step = unanswered(draft, job, { tool, arguments: JSON.stringify(given), attempts })
    step.isRefusalAnAnswer = true
    return [thought.step, step]
  }

  /** A decoy: it was right to ask, and the tool says no. The agent takes that for an answer. */
  #turnedDown(errand: Errand, name: string, status: number): void {
    const [, step] = this.#refused(name, this.#given(name), { tool: this.#toolOf(name), status })
    this.#agent.draft.decoy(errand).steps.push(step.key)
  }

  /** A decoy: the tool is there and out of order, and answers a resend. */
  #unavailable(name: string): void {
    const { draft } = this.#agent
    const random = this.#random(`${name} failures`)
    const tool = this.#toolOf(name)
    const decoy = draft.decoy('unavailable')
    const failures = Array.from({ length: random.integer(1, 2) }, (_, index) =>
      refused(random, tool, { waitMs: index === 0 ? 0 : between(random, 10, 60), onlyWith: decoy.id }),
    )
    const waitMs = between(random, 10, 60)
    const [, { step }] = this.#answered(name, this.#given(name), undefined, { tool, refused: failures, waitMs })
    decoy.steps.push(...refusalsOf(step as CallStep))
  }

  #wrongOf(name: string, index: number): Given {
    const ways = shuffled(this.#random(`${name} ways`), wrongs)
    return (ways[index % ways.length] as (given: Given) => Given)(this.#given(name))
  }

  /** The steps are there by this fault alone. What was wanted comes of it in the end, or does not. */
  #plant(fault: DraftFault, name: string, steps: readonly ScriptStep[]): void {
    for (const step of steps) step.onlyWith = fault.id
    fault.steps.push(...steps.map(({ key }) => key))
    const right = this.#answered(name, this.#given(name))
    if (this.#random(`${name} recovers`).chance(0.5)) return
    fault.misleads = true
    fault.losesCall = true
    for (const { step } of right) step.onlyWithout = fault.id
    const { timed } = this.#agent.draft
    timed.splice(timed.indexOf(right[0]), right.length)
  }

  #fault = (kind: Hallucination): DraftFault =>
    this.#agent.draft.fault({ kind, entity: { model: modelName }, changesOutcome: true })

  /** A fault: the model asks for a tool that nobody has. */
  #noTool(name: string): void {
    const fault = this.#fault('no_tool')
    const tool = { ...this.#toolOf(name), name: this.#random(`${name} name`).pick(noTools) }
    this.#plant(fault, name, this.#refused(name, this.#given(name), { tool, status: 404, isStrict: true }))
  }

  /** A fault: the model asks with what the tool does not take, three times or more, or gives up. */
  #badArguments(name: string): void {
    const fault = this.#fault('bad_arguments')
    const refusal = { tool: this.#toolOf(name), status: 422, isStrict: true } as const
    const times = this.#random(`${name} times`).integer(3, 5)
    const steps = Array.from({ length: times }, (_, index) => this.#refused(name, this.#wrongOf(name, index), refusal))
    fault.magnitude = { unit: 'times', value: times }
    this.#plant(fault, name, steps.flat())
  }

  /** A fault: the model asks about what nobody has named, and is answered; at level 4 it is one digit off what was named. */
  #invented(name: string): void {
    const { draft, job } = this.#agent
    const fault = this.#fault('invented_id')
    fault.misleads = true
    const right = this.#given(name)
    const [thought, { step }] = this.#answered(name, right)
    const id = draft.numbers.level === 4 ? this.#offByOne(name) : this.#idOf(`${name} invented`)
    const invented: CallStep = {
      ...(step as CallStep),
      key: draft.keyOf('call', job),
      arguments: JSON.stringify({ ...right, id }),
      onlyWith: fault.id,
    }
    step.onlyWithout = fault.id
    job.steps.push(invented)
    fault.steps.push(thought.step.key, invented.key)
    draft.timed.splice(draft.timed.indexOf(thought), 2)
  }

  #offByOne(name: string): string {
    const random = this.#random(`${name} off`)
    const id = this.#idOf(name)
    const at = random.integer(0, id.length - 1)
    const digits = Array.from('0123456789abcdef').filter((digit) => digit !== id[at])
    return `${id.slice(0, at)}${random.pick(digits)}${id.slice(at + 1)}`
  }
}

const turnedDown: ReadonlySet<Errand> = new Set(['not found', 'forbidden', 'refused'])
const nameOf = (index: number) => `errand/${index}`
