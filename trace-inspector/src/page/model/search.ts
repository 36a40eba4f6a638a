import { agentOf, type Columns, flag, nameOf, serviceOf } from './columns.ts'

const words: Readonly<Record<string, number>> = {
  'is:error': flag.error,
  'is:lost': flag.lost,
  'is:altered': flag.altered,
  'is:idle': flag.idle,
}

/**
 * Spans that hold every word of the query in name, agent, service or id. `>100` and `<5` ask for durations in ms,
 * `is:error`, `is:lost`, `is:altered` and `is:idle` for what is said of a span. In the order in which they are stored.
 */
export function search(columns: Columns, query: string): number[] {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (terms.length === 0) return []
  const tests = terms.map((term) => testOf(columns, term))
  const found: number[] = []
  for (let span = 0; span < columns.id.length; span++) if (tests.every((test) => test(span))) found.push(span)
  return found
}

function testOf(columns: Columns, term: string): (span: number) => boolean {
  const bit = words[term]
  if (bit !== undefined) return (span) => ((columns.flags[span] as number) & bit) !== 0
  const limit = /^([<>])(\d+(?:\.\d+)?)$/.exec(term)
  if (limit) {
    const [, sign, number] = limit
    return (span) => {
      const duration = columns.duration[span] as number
      return sign === '>' ? duration > Number(number) : duration < Number(number)
    }
  }
  return (span) =>
    nameOf(columns, span).toLowerCase().includes(term) ||
    agentOf(columns, span).toLowerCase().includes(term) ||
    serviceOf(columns, span).toLowerCase().includes(term) ||
    (columns.id[span] as string).startsWith(term)
}
