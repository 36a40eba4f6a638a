import { z } from 'zod'

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof unitMs

/** A time with its unit (`90s`, `1.5h`, `2d`), read as milliseconds. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  return amount === undefined ? undefined : Number(amount) * unitMs[unit as Unit]
}

/** A rate (`20/s`, `3/m`, `0.5/h`), read as arrivals in a millisecond. */
export function parseRate(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\/(s|m|h|d)$/.exec(text.trim()) ?? []
  const perMs = amount === undefined ? 0 : Number(amount) / unitMs[unit as Unit]
  return perMs > 0 ? perMs : undefined
}

const read = (parse: (text: string) => number | undefined, expected: string) =>
  z.union([z.string(), z.number()], { error: `expected ${expected}` }).transform((value, context) => {
    const parsed = parse(String(value))
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: `expected ${expected}`, input: value })
    return z.NEVER
  })

/** A duration in a mix, ms. */
export const duration = read(parseDuration, 'a time with its unit, such as 90s, 15m, 6h or 2d')
/** A rate in a mix, arrivals a millisecond. */
export const rate = read(parseRate, 'a rate above 0, such as 20/s, 3/m or 0.5/h')
