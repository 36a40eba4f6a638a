import type { Random } from 'contract/random'
import { z } from 'zod'

const positive = z.number().positive()
const share = z.number().min(0).max(1)
const bounds = { min: z.number().optional(), max: z.number().optional() }

const expected =
  'lognormal: [median, sigma], uniform: [from, to], geometric: p above 0, or choice: [values], with min and max where wanted'

/**
 * A number that is drawn anew for each run: `lognormal: [median, sigma]`, `uniform: [from, to]`, `geometric: p` (how many
 * trials until the first success, from 1) or `choice: […]`. `min` and `max` clip what was drawn.
 */
export const distribution = z.union(
  [
    z.strictObject({ lognormal: z.tuple([positive, z.number().min(0).max(5)]), ...bounds }),
    z.strictObject({ uniform: z.tuple([z.number(), z.number()]), ...bounds }),
    z.strictObject({ geometric: share.refine((p) => p > 0), ...bounds }),
    z.strictObject({ choice: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1) }),
  ],
  { error: `expected a distribution: ${expected}` },
)
export type Distribution = z.output<typeof distribution>

/** A parameter of a run in a mix: a value, or how to draw one. */
export const parameterValue = z.union([z.string(), z.number(), z.boolean(), distribution], {
  error: `expected a value, or a distribution: ${expected}`,
})
/** A value, or how it is drawn; `whole` rounds what was drawn. */
export type DrawnValue = string | number | boolean | (Distribution & { whole?: boolean })

/** One draw. A lognormal is not cut: a mix says its own `max`. */
export function drawValue(spec: DrawnValue, random: Random): string | number | boolean {
  if (typeof spec !== 'object') return spec
  if ('choice' in spec) return random.pick(spec.choice)
  const drawn = Math.min(Math.max(drawNumber(spec, random), spec.min ?? -Infinity), spec.max ?? Infinity)
  return spec.whole ? Math.round(drawn) : drawn
}

function drawNumber(spec: Exclude<Distribution, { choice: unknown }>, random: Random): number {
  if ('lognormal' in spec) return spec.lognormal[0] * Math.exp(spec.lognormal[1] * normal(random))
  if ('uniform' in spec) return spec.uniform[0] + random.float() * (spec.uniform[1] - spec.uniform[0])
  return Math.ceil(Math.log(1 - random.float()) / Math.log(1 - spec.geometric)) || 1
}

/** Box–Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float())
}
