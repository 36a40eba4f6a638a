/** One figure of a finding, as the trace reveals it and as the run's own ledger has it. */
export interface Figure {
  name: string
  revealed: number | string | null
  ledger: number | string | null
  agrees: boolean
}

/** Figures agree within 5 % or 5 (ms): the two clocks round differently. */
const tolerance = { share: 0.05, absolute: 5 }

type Plain = Record<string, unknown>

/** Numbers and words of both, those inside of groups too; lists are what `span_ids` stands for. */
export function figuresOf(revealed: object, ledger: object, prefix = ''): Figure[] {
  return Object.entries(ledger as Plain).flatMap(([key, known]) => {
    const name = prefix + key.replace(/_/g, ' ')
    const seen = (revealed as Plain)[key]
    if (Array.isArray(known) || typeof known === 'boolean') return []
    if (typeof known === 'object' && known !== null)
      return typeof seen === 'object' && seen !== null ? figuresOf(seen, known, `${name} · `) : []
    if (key === 'span_id') return []
    return [{ name, revealed: figure(seen), ledger: figure(known), agrees: isClose(figure(seen), figure(known)) }]
  })
}

const figure = (value: unknown) => (typeof value === 'number' || typeof value === 'string' ? value : null)

function isClose(a: number | string | null, b: number | string | null): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  return Math.abs(a - b) <= Math.max(tolerance.absolute, tolerance.share * Math.max(Math.abs(a), Math.abs(b)))
}
