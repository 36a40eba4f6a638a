/** One figure of a finding, as the trace reveals it and as the ledger has it. */
export interface Figure {
  name: string
  revealed: number | string | null
  ledger: number | string | null
  agrees: boolean
}

export interface Agreement {
  agrees: boolean
  /** Spans that both point at. */
  same: string[]
  onlyRevealed: string[]
  onlyLedger: string[]
  figures: Figure[]
}

interface Pointing {
  kind: string
  observed: { span_ids: string[] }
}

/** Figures agree within 5 % or 5 (ms): the two clocks round differently. */
const tolerance = { share: 0.05, absolute: 5 }

/** Whether what a trace reveals is what the ledger knows: the same spans, and the same figures. */
export function compareFindings(revealed: Pointing, ledger: Pointing): Agreement {
  const known = new Set(ledger.observed.span_ids)
  const seen = new Set(revealed.observed.span_ids)
  const figures = figuresOf(revealed.observed, ledger.observed)
  const onlyRevealed = [...seen].filter((id) => !known.has(id))
  const onlyLedger = [...known].filter((id) => !seen.has(id))
  return {
    agrees:
      revealed.kind === ledger.kind &&
      onlyRevealed.length === 0 &&
      onlyLedger.length === 0 &&
      figures.every(({ agrees }) => agrees),
    same: [...seen].filter((id) => known.has(id)),
    onlyRevealed,
    onlyLedger,
    figures,
  }
}

type Plain = Record<string, unknown>

/** Numbers and words of both, those inside of groups too; lists are what `span_ids` stands for. */
function figuresOf(revealed: object, ledger: object, prefix = ''): Figure[] {
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
