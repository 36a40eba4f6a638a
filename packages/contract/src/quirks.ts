/** What telemetry of model calls does that whoever adds up tokens has to know. Facts stay true: a dialect writes them so. */
export const quirks = {
  usage_repeated: "an agent's span says once more what its model calls used",
  usage_on_parent: "an agent's span says what its model calls used, and they do not",
  cache_beside: 'tokens that a cache had to do with stand beside those of the input, not among them',
  stream_usage_missing: 'a streamed answer says nothing of tokens',
  retries_billed:
    'attempts that got no answer are billed for their prompt, and every attempt says what it is billed for',
} as const
export type Quirk = keyof typeof quirks
export const quirkNames = Object.keys(quirks) as [Quirk, ...Quirk[]]

/** The parameter `quirks`, as it is written. */
export const quirksPattern = new RegExp(`^(${quirkNames.join('|')})(,(${quirkNames.join('|')}))*$`)

/** Reads what `quirksPattern` matches; none where there is nothing to read. */
export function parseQuirks(text: unknown): Quirk[] {
  const words = typeof text === 'string' ? text.split(',') : []
  return quirkNames.filter((name) => words.includes(name))
}
