import { parseFaults } from '../asked-faults.ts'
import type { Demand } from '../demand.ts'
import { drawsOf } from '../draws.ts'
import { UnknownPart } from '../errors.ts'
import { agentOpening } from '../operations/agent.ts'
import type { Step } from '../step.ts'
import { slackKind } from './slow.ts'
import type { Draft, Drawn } from './draft.ts'
import { drawScript } from './judge.ts'
import { type LevelNumbers, numbersOf } from './numbers.ts'
import { leftIn, stepsIn, type Taken } from './parts.ts'
import { playPart, playRest, playScript } from './play.ts'
import { handOversOf, type Out, type Script } from './script.ts'
import { worldOf } from './world.ts'

/** Parameters of a run as the catalog has checked them. */
type Given = Readonly<Record<string, unknown>>

/** How a scenario plays level 2 to 4. */
export interface Levels<Name extends string = string> {
  /** Its parameters that win over what a level draws; no other goes with one. */
  takes: readonly Name[]
  draft: (drawn: Drawn, params: Given) => Draft
  /** From which level on a run goes on in other traces. */
  sessionsFrom?: LevelNumbers['level']
  /** From which level on it may end for now, and go on once a person has answered. */
  leftFrom?: LevelNumbers['level']
  /** What such a run may need at most. */
  demand: (params: Given) => Demand
}

/** Common parameters that go with no level below 2. */
export const onlyWithLevels: readonly string[] = ['control', 'world']

/** Common parameters that go with every level. */
export const takenByLevels: readonly string[] = [
  'level',
  'control',
  'world',
  'faults',
  'seed',
  'quirks',
  'conversation_id',
]

export const levelOf = ({ level }: Given) => Number(level ?? 1) as 1 | LevelNumbers['level']

/** What a run of level 2 to 4 does; the same for the same seed, world and parameters. */
export function scriptOf(
  { random, worldSeed }: Pick<Step['run'], 'random' | 'worldSeed'>,
  levels: Levels,
  params: Given,
): Script {
  const own = random.fork('level')
  const isControl = params.control ?? own.fork('control').chance(0.5)
  const numbers = numbersOf[levelOf(params) as LevelNumbers['level']]
  const drawn = {
    world: worldOf(worldSeed),
    numbers,
    random: own,
    kinds: own.identifier('kinds', 32),
    isFaulty: isControl !== true,
  }
  return drawScript((drawn) => levels.draft(drawn, params), drawn)
}

/** Scripts that were drawn last: a run that is judged is played again and again. */
const lately = new Map<string, Script>()
const mostKept = 16

function drawnLately(run: Step['run'], levels: Levels, params: Given): Script {
  const { scenario } = run.facts
  const { conversation_id: _, ...drawnBy } = params
  const key = JSON.stringify([scenario, run.seed, run.worldSeed, drawnBy])
  const known = lately.get(key)
  if (known) return known
  // The draws of the whole: those of a part are its own.
  const script = scriptOf({ random: drawsOf(run.seed, scenario), worldSeed: run.worldSeed }, levels, params)
  if (lately.size >= mostKept) lately.delete(lately.keys().next().value as string)
  lately.set(key, script)
  return script
}

/** Draws it, and plays it without the faults that are not in force here. */
export function runLevel(workflow: Step, levels: Levels, params: Given): Promise<boolean> {
  return runScript(workflow, drawnLately(workflow.run, levels, params), params)
}

/** Plays a script without the faults that are not in force here. Resolves to whether the agent reached its goal. */
export async function runScript(workflow: Step, script: Script, params: Given): Promise<boolean> {
  const { run } = workflow
  const out = outOf(run, script, params)
  run.faults.comparedCalls = script.compares
  const isWhole = await playScript(workflow, script, out, () => declare(run, script, out))
  return isWhole && !script.faults.some(({ id, misleads }) => misleads && !out.has(id))
}

/** Plays the part of a run that it hands over by this name. Resolves to whether nothing was lost; rejects with UnknownPart. */
export async function runLevelPart(request: Step, levels: Levels, params: Given, name: string): Promise<boolean> {
  const { run } = request
  const script = drawnLately(run, levels, params)
  const handed = handOversOf(script).find(({ key }) => key === name)
  const left = leftIn(run, script)
  const out = outOf(run, script, params)
  declare(run, script, out, { name, request: request.key })
  if (handed) return playPart(request, handed, out)
  if (left?.part === name) return playRest(request, { ...left, lead: script.lead }, out)
  throw new UnknownPart(name)
}

function outOf(run: Step['run'], { faults }: Script, params: Given): Out {
  const isOff = !parseFaults(params.faults).own
  return new Set(faults.flatMap(({ id }) => (isOff || !run.faults.isInForce(id) ? [id] : [])))
}

/** Writes down what is planted, and what only looks like it. */
function declare(run: Step['run'], script: Script, out: Out, part?: Taken): void {
  const { faults, decoys } = script
  const { faults: register } = run
  const here = stepsIn(run, script, part)
  const beganMs = run.clock.now() - (run.ledger.steps[0]?.start_ms ?? 0)
  for (const { steps, changesOutcome: _, misleads: _misleads, entity, window, ...fault } of faults) {
    // Who hands over says itself where a trace was severed: there, somebody has to have taken over.
    if (out.has(fault.id) || fault.breaksTrace) continue
    const declared = {
      ...fault,
      entity: { ...entity, ...instanceOf(run, entity.agent) },
      window: window && { from_ms: window.from_ms + beganMs, to_ms: window.to_ms + beganMs },
    }
    for (const step of here(steps)) register.strikes(declared, step)
  }
  for (const { kind, steps, isNeutral } of decoys.filter(({ of }) => of === undefined || !out.has(of)))
    for (const step of here(steps))
      if (kind === slackKind) register.slack(step)
      else if (isNeutral) register.neutral(step)
      else register.decoy(step)
}

/** The agent of this key, as its spans name it. */
function instanceOf(run: Step['run'], key: string | undefined): { agent?: string } {
  if (key === undefined) return {}
  const [name = '', index] = key.split('/')
  const { agentId } = agentOpening(run, name, index === undefined ? {} : { index: Number(index) })
  return agentId === undefined ? {} : { agent: agentId }
}
