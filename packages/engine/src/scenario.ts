import { quirkNames, quirksPattern } from 'contract/quirks'
import { choice, flag, number, integer, text, type Fault } from 'contract/scalars'
import { seedPattern } from 'contract/tool'
import type { FindingKind } from 'findings/kinds'
import { z } from 'zod'
import { faultsExpected, faultsPattern } from './asked-faults.ts'
import { type Demand, withModelAttempts } from './demand.ts'
import { UnknownPart } from './errors.ts'
import { levelOf, type Levels, runLevel, runLevelPart } from './levels/level.ts'
import { profileNames, profiles } from './profile/index.ts'
import type { Step } from './step.ts'

/** What the environment says where a query does not. */
export interface Defaults {
  delayMs: number | undefined
  errorRate: number
}

/** Control characters, without the name for them that only some languages' patterns know. */
const controls = String.raw`\u0000-\u001f\u007f-\u009f`

/** The parameters that every scenario takes, unless it declares its own of that name or goes without. */
export function commonParams(defaults: Defaults) {
  return {
    delay_ms: number({
      min: 0,
      max: 600_000,
      default: defaults.delayMs ?? 80,
      description: "Median of a tool's latency, ms; if measured, of all tools together, and 300 unless given",
    }),
    error_rate: number({
      min: 0,
      max: 1,
      default: defaults.errorRate,
      description: 'Probability that a tool call fails',
    }),
    jitter: number({
      min: 0,
      max: 2,
      default: 0.1,
      description: 'Sigma of the lognormal around every drawn time, cut at two sigma; 0 is exactly the time',
    }),
    llm_delay_ms: number({
      min: 0,
      max: 600_000,
      default: 30,
      description: "Median of the simulated model's time per call, ms; 5700 if measured, unless given",
    }),
    llm_error_rate: number({
      min: 0,
      max: 1,
      default: 0,
      description:
        'Probability that an attempt of a model call fails; its attempts are then spans of their own. 0.03 if measured, unless given',
    }),
    profile: choice(profileNames, {
      default: 'demo',
      description: `How long tools, models and people take: ${profileNames.map((name) => profiles[name].description).join(', ')}`,
    }),
    faults: text({
      pattern: faultsPattern,
      expected: faultsExpected,
      description:
        'What is planted: nothing (off), or a list in which own is what the scenario plants by itself; that alone unless given',
    }),
    level: integer({
      min: 1,
      max: 4,
      description:
        'How hard it is to see what is wrong: 1, the fault that a scenario is named for, unless given; from 2 on a run draws its faults and what looks like them',
    }),
    control: flag({
      description:
        'Whether a run of level 2 to 4 has nothing but what looks like a fault; every other one unless given',
    }),
    world: text({
      pattern: seedPattern,
      expected: '1 to 64 printable ASCII characters without blanks',
      description: 'How fast tools and the model are in runs of level 2 to 4: the same world, the same baselines',
    }),
    seed: text({
      pattern: seedPattern,
      expected: '1 to 64 printable ASCII characters without blanks',
      description: 'Repeats every decision of a run; drawn when absent',
    }),
    quirks: text({
      pattern: quirksPattern,
      expected: `a list of ${quirkNames.join(', ')}`,
      description: 'How its telemetry tells tokens, where that is not once and on each model call',
    }),
    conversation_id: text({
      pattern: new RegExp(`^[^${controls}]{1,128}$`, 'u'),
      expected: '1 to 128 characters',
      description: 'Joins runs to one conversation',
    }),
  }
}
type Common = ReturnType<typeof commonParams>

/** The parameters of a run: those of the scenario, and the common ones that it does not replace. */
export type Params<Shape extends z.ZodRawShape, Derived extends keyof Shape = never> = z.output<z.ZodObject<Shape>> &
  z.output<z.ZodObject<Omit<Common, keyof Shape>>> & {
    [K in Derived]-?: NonNullable<z.output<z.ZodObject<Shape>>[K & keyof z.output<z.ZodObject<Shape>>]>
  }

export interface ScenarioLiteral<Name extends string, Shape extends z.ZodRawShape, Derived extends keyof Shape> {
  name: Name
  /** Where it is asked for; `/run` unless it says otherwise. */
  path?: '/stream'
  /** One line: what happens. */
  description: string
  /** What a user of the system notices. */
  symptom: string
  /** Why a table of averages does not show the cause. */
  missed: string
  /** What the trace shows. */
  reveals: string
  /** What is to be found in it. */
  finding: FindingKind
  /** Spans of a run in which no failure ends anything early. */
  spans: { agent_app: string; tool_service: string }
  params: Shape
  /** Common parameters that make no sense here. */
  without?: readonly (keyof Common)[]
  /** Defaults that depend on other parameters, and how to say them. */
  derived?: { [K in Derived]: { from: (params: Params<Shape>) => number; text: string } }
  /** Rules across parameters; asked only when each is well by itself. */
  check?: (params: Params<Shape, Derived>) => Fault[]
  /** Runs of level 2 to 4; absent: it has none. */
  levels?: Levels<(keyof Shape & string) | keyof Common>
  /** Whether a run goes on in other traces: then it has a conversation that joins them. */
  isSession?: true
  /** Whether it ends for now at level 1, and goes on once a person has answered. */
  isLeft?: (params: Params<Shape, Derived>) => boolean
  /** What a run may need at most. */
  demand: (params: Params<Shape, Derived>) => Demand
  /** Does it; resolves to whether the agent reached its goal. */
  run: (workflow: Step, params: Params<Shape, Derived>) => Promise<boolean>
  /** Does the part of this name that was handed over, or that goes on later; absent: it has none. */
  runPart?: (request: Step, params: Params<Shape, Derived>, name: string) => Promise<boolean>
}

/** A scenario as the registry holds it. Its parameters are those that the catalog has checked. */
export interface Scenario<Name extends string = string> extends Pick<
  ScenarioLiteral<Name, z.ZodRawShape, string>,
  'name' | 'description' | 'symptom' | 'missed' | 'reveals' | 'finding' | 'spans' | 'params' | 'without' | 'isSession'
> {
  path: '/run' | '/stream'
  levels: Levels | undefined
  derived: Readonly<Record<string, { text: string }>>
  /** Puts derived defaults in place, and says what is wrong across parameters. */
  complete: (params: Record<string, unknown>) => Fault[]
  /** Of a run, or of a part of one. */
  plan: (params: Readonly<Record<string, unknown>>, isPart?: boolean) => Plan
}

/** Whether a run of these parameters goes on in other traces. */
export function isSession({ levels, ...scenario }: Scenario, params: Readonly<Record<string, unknown>>): boolean {
  const level = levelOf(params)
  return level === 1 ? scenario.isSession === true : level >= (levels?.sessionsFrom ?? Infinity)
}

/** What a run is to do, and what it may need for it. */
export interface Plan {
  demand: Demand
  /** Whether it may end for now, and go on once a person has answered. */
  isLeft: boolean
  run: (workflow: Step) => Promise<boolean>
  /** Rejects with UnknownPart where it has no such part. */
  runPart: (request: Step, name: string) => Promise<boolean>
}

/** Declares a scenario. Everything else (parser, limits, listing, documents, forms) is a reading of this literal. */
export function defineScenario<
  const Name extends string,
  const Shape extends z.ZodRawShape,
  Derived extends keyof Shape & string = never,
>(literal: ScenarioLiteral<Name, Shape, Derived>): Scenario<Name> {
  const { derived, check, demand, isLeft, run, runPart, levels, ...told } = literal
  // The catalog has checked them by the schema that it makes of `params`.
  const checked = (params: object) => params as Params<Shape, Derived>
  const defaults = Object.entries<{ from: (params: Params<Shape>) => number; text: string }>(derived ?? {})
  return {
    path: '/run',
    ...told,
    levels,
    derived: Object.fromEntries(defaults),
    complete(params) {
      for (const [name, { from }] of defaults) params[name] ??= from(checked(params))
      return check?.(checked(params)) ?? []
    },
    plan(params, isPart = false) {
      if (levels && levelOf(params) > 1)
        return {
          // Of those that take over, each makes one call after another.
          demand: { ...levels.demand(params), ...(isPart && { callsAtOnce: 1 }) },
          isLeft: levelOf(params) >= (levels.leftFrom ?? Infinity),
          run: (workflow) => runLevel(workflow, levels, params),
          runPart: (request, name) => runLevelPart(request, levels, params, name),
        }
      return {
        demand: withModelAttempts(demand(checked(params)), params),
        isLeft: isLeft?.(checked(params)) ?? false,
        run: (workflow) => run(workflow, checked(params)),
        runPart: async (request, name) => {
          if (!runPart) throw new UnknownPart(name)
          return runPart(request, checked(params), name)
        },
      }
    },
  }
}

// ── parameters that several scenarios have ──────────────────────────────────────────────────────────────────────────

export const concurrency = (fallback: number) =>
  integer({ min: 1, max: 1000, default: fallback, description: 'Tool calls at the same time' })

export const thoughts = (who: string) =>
  integer({
    min: 0,
    max: 10,
    default: 1,
    description: `Model calls of a ${who} before its tool call: the last asks for it, those before it end in words; 0 lets nobody ask`,
  })

export const stragglers = (description: string, max: number) => integer({ min: 0, max, description })

export const stragglerFactor = (fallback: number) =>
  number({ min: 1, max: 1000, default: fallback, description: 'How many times slower a straggler is' })

/** The fault of a number of stragglers beyond the number of workers. */
export function stragglersFit(params: { fanout: number; stragglers: number }): Fault[] {
  if (params.stragglers <= params.fanout) return []
  return [
    {
      parameter: 'stragglers',
      value: String(params.stragglers),
      expected: `at most fanout, which is ${params.fanout}`,
    },
  ]
}
