import { z } from 'zod'
import { profileNames } from '../profile/index.ts'
import { duration, rate } from './quantity.ts'
import { distribution, parameterValue } from './values.ts'

const share = z.number().min(0).max(1)

/** What goes wrong, whom it hits and when; what it does to a run that it hits is the engine's to say. */
const populationFault = z.strictObject({
  kind: z.string(),
  /** The tool that is hit, where the fault is one of a tool. */
  tool: z.string().optional(),
  /** How many times slower. */
  factor: z.number().min(1).max(1000).optional(),
  /** The probability that something fails. */
  rate: share.optional(),
  /** The share of the runs that it hits while it lasts. */
  prevalence: share.default(1),
  /** From when until when after the start; from the start to the end where nothing is said. */
  from: duration.default(0),
  until: duration.default(Infinity),
  /** How long the onset takes, and the recovery: the prevalence rises and falls in a straight line. */
  ramp: duration.default(0),
})
export type PopulationFault = z.output<typeof populationFault>

/** What a population of runs does. */
export const mixSchema = z.strictObject({
  description: z.string().optional(),
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
  sessions: z.strictObject({ share, turns: distribution.default({ geometric: 0.5 }) }).optional(),
  faults: z.array(populationFault).default([]),
})
export type Mix = z.output<typeof mixSchema>
