import type { Key } from 'contract/key'
import type { LedgerStep, RunLedger } from 'contract/ledger'
import { Catalog, type Offer } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { replay, type Replay } from 'engine/key/replay'
import { drive } from 'engine/virtual/drive'
import { askedAt } from 'exam/asked'
import type { Known } from 'exam/keys'
import { withParts } from 'findings/key-of-all'
import { knownForAt1 } from 'findings/known-for'
import { ExamError } from 'exam/read'
import { type Asked, begin, type PlayedRun } from 'simulate/play'

/** A run of an exam, decided but for when it begins. */
export interface ExamRun {
  scenario: string
  asked: Omit<Asked, 'startMs'>
  /** What of its parameters is not as it is unless given, but for its seed. */
  query: Readonly<Record<string, string>>
  key: Key
  /** How much longer it took than with nothing planted, ms. */
  costMs: number
  agentsOf: Known['agentsOf']
  /** How often it was drawn until it was what it is to be. */
  draws: number
}

/** A run of an exam that was played. */
export type Begun = ExamRun & { trace_id: string; start_ms: number }

export interface RunsOptions {
  scenarios: readonly string[]
  level: number
  traces: number
  seed: string
  secret: string
  /** They are to be played in real time, so that nobody in them takes hours. */
  isReal?: boolean
}

/** A run that has to be faulty or healthy is drawn so often at most. */
const mostDraws = 20

/** Scenarios that an exam of a level can be made of. */
export const namesAt = (level: number): string[] =>
  scenarios.flatMap(({ name, levels }) => (askedAt(level, name) && (level === 1 || levels) ? [name] : []))

/** The runs of an exam, scenarios in turn; of each, every other is a control. */
export async function* drawRuns({
  scenarios: names,
  level,
  traces,
  seed,
  secret,
  isReal = false,
}: RunsOptions): AsyncGenerator<ExamRun> {
  const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })
  const offers = names.map((name) => offerOf(catalog, name, level))
  for (let index = 0; index < traces; index++) {
    const offer = offers[index % offers.length] as Offer
    const ordinal = Math.floor(index / offers.length)
    const isControl = ordinal % 2 === 1
    const query = queryOf(offer, { level, isControl, isReal })
    const params = paramsOf(catalog, offer, query)
    const verdict = isControl ? 'healthy' : 'faulty'
    let run: ExamRun | undefined
    for (let draws = 1; !run && draws <= mostDraws; draws++) {
      const own = `${seed}/${offer.scenario.name}/${ordinal}${draws > 1 ? `/${draws}` : ''}`
      const asked = { offer, params, seed: own, secret }
      const played = await play({ ...asked, startMs: 0 })
      const key = await keyOf([played, ...played.parts])
      if (key.verdict === verdict)
        run = {
          scenario: offer.scenario.name,
          asked,
          query,
          key,
          costMs: await costOf(asked, key),
          agentsOf: agentsOf(played.ledger(), ...played.parts.map((part) => part.ledger())),
          draws,
        }
    }
    if (!run)
      throw new ExamError(`${offer.scenario.name} at level ${level}: no run was ${verdict} in ${mostDraws} draws`)
    yield run
  }
}

function offerOf(catalog: Catalog, name: string, level: number): Offer {
  const offer = catalog.find(name)
  const known = namesAt(level)
  if (!offer || !known.includes(name))
    throw new ExamError(`--scenario ${name}: expected one of ${known.join(', ')} at level ${level}`)
  return offer
}

/** At level 1 a run plants what it is known for, and its control does without; above, a control is drawn as such. */
function queryOf(
  { scenario: { name, levels } }: Offer,
  { level, isControl, isReal }: { level: number; isControl: boolean; isReal: boolean },
): Record<string, string> {
  if (level === 1) return { faults: isControl ? 'off' : (knownForAt1(name)?.faults ?? 'own') }
  // In virtual time people may take as long as they do.
  const people = !isReal && levels?.takes.includes('profile') ? { profile: 'measured' } : {}
  return { level: String(level), control: String(isControl), ...people }
}

function paramsOf(catalog: Catalog, offer: Offer, query: Readonly<Record<string, string>>): Asked['params'] {
  const parsed = catalog.parse(offer, query)
  if ('params' in parsed) return parsed.params
  const [fault] = parsed.faults
  throw new ExamError(`${offer.scenario.name}: ${fault?.parameter} ${fault?.value}: expected ${fault?.expected}`)
}

async function costOf({ offer: { scenario }, params, seed, secret }: ExamRun['asked'], key: Key): Promise<number> {
  if (key.verdict === 'healthy') return 0
  const request = { route: scenario.path, scenario, params: { ...params, seed }, secret }
  const [all, none] = (await replay(request, ['all', 'none'])) as [Replay, Replay]
  return Math.round(all.ms - none.ms)
}

/** The key of all that was played of a run, or of what stands of it in one trace: those that took over have ledgers of their own. */
export async function keyOf(parts: readonly PlayedRun[]): Promise<Key> {
  const [first, ...others] = (await Promise.all(parts.map((part) => part.key()))) as [Key, ...Key[]]
  return withParts(first, others)
}

type Steps = Pick<RunLedger, 'steps'>

/** The agents that did some spans, by the ids that their spans have; the one that all others work for is in the first of `all`. */
export function agentsOf(...all: Steps[]): ExamRun['agentsOf'] {
  const bySpan = new Map(all.flatMap((ledger, index) => agentsBySpan(ledger, index > 0)))
  return (spanIds) => [...new Set(spanIds.flatMap((id) => bySpan.get(id) ?? []))]
}

function agentsBySpan({ steps }: Steps, isPart: boolean) {
  const agentOf = (step: LedgerStep | undefined): LedgerStep | undefined =>
    step === undefined || step.facts.operation === 'invoke_agent' ? step : agentOf(steps[step.parent_id ?? -1])
  const known = new Map<LedgerStep, { id: string; isLead: boolean }>()
  return steps.flatMap((step) => {
    const agent = agentOf(step)
    if (!agent || agent.agent_id === null || step.span_id === null) return []
    const isLead = !isPart && agentOf(steps[agent.parent_id ?? -1]) === undefined
    const found = known.get(agent) ?? { id: agent.agent_id, isLead }
    known.set(agent, found)
    return [[step.span_id, found] as const]
  })
}

/** Plays a run to its end. */
export async function play(asked: Asked): Promise<PlayedRun> {
  const played: PlayedRun[] = []
  await drive([begin(asked)].values(), (run) => void played.push(run))
  return played[0] as PlayedRun
}

export const hasKind = ({ faults }: Key, kind: string) =>
  faults.some((fault) => fault.kind === kind && fault.standing === 'required')
