import { quirkNames } from 'contract/quirks'
import { z } from 'zod'
import { profileNames } from '../profile/index.ts'
import { allTools } from '../tools.ts'
import { duration, rate } from './quantity.ts'
import { distribution, type DrawnValue, parameterValue } from './values.ts'

const share = z.number().min(0).max(1)
const factor = z.number().min(1).max(1000)
const tool = z.enum(allTools)

/** Whom a fault hits and when. */
const timing = {
  /** The share of the runs that it hits while it lasts. */
  prevalence: share.default(1),
  /** From when until when after the start; from the start to the end where nothing is said. */
  from: duration.default(0),
  until: duration.default(Infinity),
  /** How long the onset takes, and the recovery: the prevalence rises and falls in a straight line. */
  ramp: duration.default(0),
}

/** What goes wrong; what it does to a run that it hits is the engine's to say. */
const populationFault = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('straggler'), factor: factor.optional(), ...timing }),
    z.strictObject({ kind: z.literal('slow_tool'), tool, factor, ...timing }),
    z.strictObject({ kind: z.literal('failing_tool'), tool, rate: share, ...timing }),
    z.strictObject({ kind: z.literal('slow_model'), factor, ...timing }),
    z.strictObject({ kind: z.literal('failing_model'), rate: share, ...timing }),
  ])
  .refine(({ from, until }) => from < until, { path: ['until'], error: 'expected a time after `from`' })
export type PopulationFault = z.output<typeof populationFault>

/** How many runs a conversation has, 2 to 1000. */
const turns = distribution.refine(
  (spec) => !('choice' in spec) || spec.choice.every((turns) => typeof turns === 'number'),
  { error: 'expected numbers: so many runs has a conversation' },
)

/** What a population of runs does. */
export const mixSchema = z.strictObject({
  description: z.string().optional(),
  /** Whether its runs are blind: nothing on their spans says what was asked for. */
  blind: z.boolean().default(false),
  rate: z
    .union([rate, z.strictObject({ shape: z.literal('diurnal'), peak: rate, trough: rate })], {
      error: 'expected a rate above 0, such as 20/s or 3/m, or { shape: diurnal, peak: 40/s, trough: 2/s }',
    })
    .default(20 / 1000),
  profile: z.enum(profileNames).default('demo'),
  runs: z
    .array(
      z.strictObject({
        scenario: z.string(),
        weight: z.number().positive().default(1),
        params: z.record(z.string(), parameterValue).default({}),
        /** Whether the scenario plants its own fault in each of these runs; otherwise only `faults` does. */
        planted: z.boolean().default(false),
      }),
    )
    .min(1),
  /** Some units are conversations: several runs, a person's pause between two of them. */
  sessions: z.strictObject({ share, turns: turns.default({ geometric: 0.5 }) }).optional(),
  faults: z.array(populationFault).default([]),
  /** What telemetry does to tokens, each in a share of the runs. */
  quirks: z.array(z.strictObject({ kind: z.enum(quirkNames), prevalence: share.default(1) })).default([]),
})

/** A mix that was checked: what is drawn for a parameter is within its range, and whole where it has to be. */
export interface Mix extends Omit<z.output<typeof mixSchema>, 'runs'> {
  runs: MixRun[]
}
export interface MixRun {
  scenario: string
  weight: number
  params: Record<string, DrawnValue>
  planted: boolean
}
