import { answerOf, errors, flawed, type Flaw, flaws, notes, pageItems, type Said, sizeOf } from './answers.ts'
import { call, type CallOptions, gaveUp, otherTool, resultOf, someTool } from './calls.ts'
import { demandOf } from './demand.ts'
import { Draft, type DraftFault, type Drawn, type Timed } from './draft.ts'
import type { Levels } from './level.ts'
import { retried, type Thinker } from './repeats.ts'
import { type Attempt, type CallStep, figure } from './script.ts'
import { big, slow } from './slow.ts'
import { think } from './thoughts.ts'
import { shuffled, type ToolBaseline, toolMs, usualBytes } from './world.ts'

const callsOf = { least: 10, most: 20 }
/** Of all that is no plain call together. */
const mostOthers = 21

/** One agent asks this and that, and builds what it asks next on what it was answered. */
export const silentLevels: Levels<'lookups'> = {
  takes: ['lookups'],
  draft,
  demand: ({ lookups }) => {
    const asked = Number(lookups ?? callsOf.most) + mostOthers
    return demandOf({ jobs: 1, lanes: 1, callsOfJob: asked, others: asked + 8 })
  },
}

/** Something that the agent asks: a fault by its kind, and what only looks like one or is neither. */
type Errand =
  | 'plain'
  | 'nothing there'
  | 'errors asked'
  | 'noted'
  | 'pages'
  | 'first ones'
  | 'asked again'
  | 'unused'
  | 'loud'
  | 'failed'
  | Flaw

function draft(drawn: Drawn, { lookups }: Readonly<Record<string, unknown>>): Draft {
  const draft = new Draft(drawn, {
    lead: { name: 'analyst', facts: { role: 'planner' } },
    weights:
      drawn.numbers.level === 2
        ? { body_error: 1 }
        : { body_error: 0.25, truncated: 0.25, wrong_empty: 0.25, slow_tool: 0.15, failed: 0.1 },
  })
  const plain = Number(lookups ?? draft.count('lookups', callsOf.least, callsOf.most))
  new Research(draft, planOf(draft, plain)).run()
  if (draft.has('big payload')) big(draft)
  if (draft.kinds.includes('slow_tool')) slow(draft, draft.free('slow tool'), 'slow_tool')
  return draft
}

/** What the agent does in turn; the first is a plain call, which may list what others ask about. */
function planOf(draft: Draft, plain: number): Errand[] {
  const times = (count: number, errand: Errand) => Array.from({ length: count }, () => errand)
  const decoys = (errand: Errand, least: number, most: number, probability = draft.numbers.decoy) =>
    draft.has(errand, probability) ? times(draft.count(errand, least, most), errand) : []
  const rest = [
    ...times(plain - 1, 'plain'),
    ...decoys('nothing there', 1, 2),
    ...decoys('errors asked', 1, 1),
    ...decoys('noted', 1, 1),
    ...decoys('pages', 1, 1),
    ...decoys('first ones', 1, 1),
    ...decoys('asked again', 1, 1),
    ...decoys('unused', 1, 2),
    ...decoys('loud', 1, 3),
    ...draft.kinds.filter((kind): kind is Flaw | 'failed' => kind === 'failed' || flaws.some((flaw) => flaw === kind)),
  ]
  return ['plain', ...shuffled(draft.random.fork('plan'), rest)]
}

/** An answer that a later question builds on. */
interface Known {
  version: string
  /** What is wrong with it: whoever builds on it names the fault as well. */
  fault?: DraftFault | undefined
  /** In how many questions it is needed. */
  hops: number
}

/** Something to be asked about that another answer has listed. */
interface Listed {
  id: string
  count: number
}

/** What a question says beside what it is about. */
interface Asking {
  /** Where the page begins. */
  cursor?: string
  /** Of what it is about, this alone. */
  field?: string
  /** So many at most. */
  limit?: number
}

class Research {
  readonly #agent: Thinker
  readonly #plan: readonly Errand[]
  /** By errand, what its answer lists. */
  readonly #lists: Listed[][]
  #known: Known[] = []

  constructor(draft: Draft, plan: readonly Errand[]) {
    this.#agent = { draft, job: draft.job(), context: { tokens: 0 } }
    this.#plan = plan
    this.#lists = plan.map(() => [])
    plan.forEach((errand, index) => this.#announce(errand, index))
  }

  run(): void {
    const { draft, job, context } = this.#agent
    this.#plan.forEach((errand, index) => this.#take(errand, index))
    // What nothing was built on yet, the report is.
    for (const known of this.#known) known.hops = 1
    const tool = this.#toolOf('report')
    this.#ask('report', { tool, action: 'write', size: sizeOf(none), result: resultOf(draft, 'report') })
    think(draft, job.steps, context, { outputTokens: draft.count('answer', 200, 600), asksForTool: false }, job)
  }

  #random = (name: string) => this.#agent.draft.random.fork(name)
  #toolOf = (name: string) => someTool(this.#agent.draft, this.#random(`${name} tool`))
  #idOf = (name: string) => this.#agent.draft.random.identifier(`arguments ${name}`, 12)
  #flawOf = (errand: Flaw, name: string) => flawed(this.#random(`${name} flaw`), errand)

  /** Some of what is asked about was listed before, by a plain answer. */
  #announce(errand: Errand, index: number): void {
    const name = nameOf(index)
    const random = this.#random(`${name} listed`)
    const count = this.#listedCount(errand, name)
    const share = errand === 'plain' ? 0.4 : errand === 'nothing there' ? 0.5 : 1
    const before = this.#plan.slice(0, index).flatMap((other, at) => (other === 'plain' ? [at] : []))
    if (count === undefined || before.length === 0 || !random.chance(share)) return
    this.#lists[random.pick(before)]?.push({ id: this.#idOf(name), count })
  }

  /** How many there are of what an errand is about; undefined where nobody lists it. */
  #listedCount(errand: Errand, name: string): number | undefined {
    if (errand === 'plain') return this.#countOf(name)
    if (errand === 'nothing there') return 0
    if (errand === 'pages') return pageItems + this.#countOf(name, pageItems)
    const flaw = errand === 'asked again' || errand === 'unused' ? this.#wayOf(name) : errand
    return flaw === 'wrong_empty' ? this.#flawOf(flaw, name).right.count : undefined
  }

  #countOf = (name: string, most = 2 * pageItems) => this.#random(`${name} count`).integer(1, most)
  /** How an answer is wrong that comes to nothing. */
  #wayOf = (name: string) => this.#random(`${name} way`).pick(flaws)

  #take(errand: Errand, index: number): void {
    const { draft } = this.#agent
    const name = nameOf(index)
    switch (errand) {
      case 'plain':
        return this.#plain(index)
      case 'nothing there': {
        const { timed } = this.#answered(name, none)
        return void draft.decoy('nothing there').steps.push(timed.step.key)
      }
      case 'errors asked': {
        const count = this.#random(`${name} none`).chance(0.5) ? 0 : this.#countOf(name)
        const said = { count, total: count, error: this.#random(`${name} error`).pick(errors) }
        const { timed } = this.#answered(name, said, { field: 'error' })
        return void draft.decoy('errors asked').steps.push(timed.step.key)
      }
      case 'noted': {
        const count = this.#countOf(name)
        const said = { count, total: count, error: this.#random(`${name} note`).pick(notes) }
        const { timed } = this.#answered(name, said)
        return void draft.decoy('noted').steps.push(timed.step.key)
      }
      case 'pages':
        return this.#pages(name)
      case 'first ones':
        return this.#firstOnes(name)
      case 'asked again':
        return this.#askedAgain(name)
      case 'unused':
        return this.#unused(name)
      case 'loud':
        return retried(this.#agent, name)
      case 'failed':
        return this.#failed()
      default:
        return this.#misled(errand, name)
    }
  }

  /** The agent thinks, and asks; what it builds on is in the arguments by its version. */
  #ask(name: string, options: CallOptions & Asking & { tool: ToolBaseline; isWrong?: boolean }): Timed {
    const { draft, job, context } = this.#agent
    const { cursor, field, limit, action = 'read', isWrong = false } = options
    for (const known of this.#known) known.hops--
    const due = this.#known.filter(({ hops }) => hops <= 0)
    this.#known = this.#known.filter(({ hops }) => hops > 0)
    const outputTokens = this.#random(`${name} thought ${job.steps.length}`).integer(20, 120)
    const thought = think(draft, job.steps, context, { outputTokens }, job)
    const given = {
      id: this.#idOf(name),
      action,
      ...(cursor && { cursor }),
      ...(field && { field }),
      ...(limit && { limit }),
    }
    const used = due.length > 0 && { given: due.map(({ version }) => version) }
    const asked = call(draft, job, { ...options, arguments: JSON.stringify({ ...given, ...used }) })
    for (const { fault } of due) fault?.steps.push(thought.step.key, ...(isWrong ? [] : [asked.step.key]))
    return asked
  }

  /** Remembers what was answered, for a later question. */
  #learn({ step }: Timed, fault?: DraftFault): void {
    const { draft } = this.#agent
    const { version } = JSON.parse((step as CallStep).result) as { version: string }
    const hops = draft.numbers.level === 4 ? this.#random(`hops ${version}`).integer(2, 3) : 1
    this.#known.push({ version, fault, hops })
  }

  #answered(name: string, said: Said, options: CallOptions & Asking = {}) {
    const { draft } = this.#agent
    const tool = options.tool ?? this.#toolOf(name)
    const key = options.cursor === undefined ? name : `${name}/${options.cursor}`
    const timed = this.#ask(name, { ...options, tool, size: sizeOf(said), result: answerOf(draft, key, tool, said) })
    this.#learn(timed)
    return { timed, tool }
  }

  #plain(index: number): void {
    const count = this.#countOf(nameOf(index))
    this.#answered(nameOf(index), { count, total: count, items: this.#lists[index] })
  }

  /** A decoy: less than there is, and the rest on the next page. */
  #pages(name: string): void {
    const rest = this.#countOf(name, pageItems)
    const total = pageItems + rest
    const first = this.#answered(name, { count: pageItems, total, cursor: '1' })
    const second = this.#answered(name, { count: rest, total }, { tool: first.tool, cursor: '1' })
    const decoy = this.#agent.draft.decoy('pages')
    decoy.steps.push(first.timed.step.key, second.timed.step.key)
  }

  /** A decoy: less than there is, as was asked for; some answers say where the rest is, and nobody needs it. */
  #firstOnes(name: string): void {
    const limit = this.#random(`${name} limit`).pick([5, 10, 20])
    const saysRest = this.#random(`${name} rest`).chance(0.3)
    const said = { count: limit, total: limit + this.#countOf(name), ...(saysRest && { cursor: '1' }) }
    const { timed } = this.#answered(name, said, { limit })
    this.#agent.draft.decoy('first ones').steps.push(timed.step.key)
  }

  /** A call whose answer is wrong in one of the ways, whatever else is so. */
  #wrong(name: string, tool: ToolBaseline): { timed: Timed; right: Said } {
    const { draft } = this.#agent
    const { right, wrong } = this.#flawOf(this.#wayOf(name), name)
    const result = answerOf(draft, `${name} wrong`, tool, wrong)
    const timed = this.#ask(name, { tool, size: sizeOf(wrong), result, isWrong: true })
    draft.timed.splice(draft.timed.indexOf(timed), 1)
    return { timed, right }
  }

  /** A decoy: the agent saw that it was wrong, and asked again, the same tool or another. */
  #askedAgain(name: string): void {
    const { draft, job } = this.#agent
    const tool = this.#toolOf(name)
    const { timed, right } = this.#wrong(name, tool)
    const decoy = draft.decoy('asked again')
    decoy.steps.push(timed.step.key)
    for (const step of job.steps.slice(-2)) step.onlyWith = decoy.id
    const isSameTool = this.#random(`${name} again`).chance(0.5)
    this.#answered(name, right, { tool: isSameTool ? tool : otherTool(draft, tool) })
  }

  /** A decoy: it is wrong, and nobody builds on it. */
  #unused(name: string): void {
    const { timed } = this.#wrong(name, this.#toolOf(name))
    this.#agent.draft.decoy('unused').steps.push(timed.step.key)
  }

  #failed(): void {
    const { draft, job, context } = this.#agent
    think(draft, job.steps, context, {}, job)
    gaveUp(draft, job)
  }

  /** A fault: what it was answered is wrong, and the agent builds on it. */
  #misled(flaw: Flaw, name: string): void {
    const { draft } = this.#agent
    const tool = this.#toolOf(name)
    const { right, wrong } = this.#flawOf(flaw, name)
    const fault = draft.fault({ kind: flaw, entity: { tool: tool.name }, changesOutcome: true, misleads: true })
    const result = answerOf(draft, name, tool, right)
    const timed = this.#ask(name, { tool, size: sizeOf(right), result, isWrong: true })
    draft.timed.splice(draft.timed.indexOf(timed), 1)
    const step = timed.step as CallStep
    const bytes = Math.max(1, Math.round(sizeOf(wrong) * usualBytes))
    const { ms } = toolMs(this.#random(`${name} wrong`), tool, { size: bytes / usualBytes }, draft.numbers.sigma)
    const answered = step.attempts[0] as Attempt
    const misled: Attempt = {
      ...answered,
      onlyWith: fault.id,
      ms: figure(ms),
      bytes,
      result: answerOf(draft, name, tool, wrong),
    }
    Object.assign(step, { attempts: [misled, { ...answered, onlyWithout: fault.id }] })
    fault.steps.push(step.key)
    this.#learn(timed, fault)
  }
}

const none: Said = { count: 0, total: 0 }
const nameOf = (index: number) => `errand/${index}`
