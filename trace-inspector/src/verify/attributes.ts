import { hash } from 'node:crypto'
import type { Content } from 'contract/facts'
import type { AttributeValue } from 'dialects/line'
import type { Attributes, ReceivedSpan, Value } from '../otlp/span.ts'
import type { Transport } from './transport.ts'
import type { Found } from './difference.ts'

type Written = Readonly<Record<string, AttributeValue>>

/** Attributes as they arrived, and which of them as a double that is whole. */
export type Arrived = Pick<ReceivedSpan, 'attributes' | 'wholeDoubles'>

/** What became of the attributes that were written on a span. */
export function compareAttributes(
  written: Written,
  { attributes: arrived, wholeDoubles }: Arrived,
  transport: Transport,
): Found[] {
  const found: Found[] = []
  for (const name in written) {
    const value = written[name] as AttributeValue
    if (!Object.hasOwn(arrived, name)) {
      found.push({ kind: 'attribute_lost', expected: { [name]: value }, actual: null })
      continue
    }
    const actual = arrived[name] as Value
    if (isSame(value, actual, transport)) {
      // Whole numbers are written as integers.
      if (wholeDoubles.includes(name))
        found.push({ kind: 'attribute_changed', expected: { [name]: value }, actual: { [name]: asDouble(actual) } })
      continue
    }
    const kind = isCut(value, actual) ? 'attribute_truncated' : 'attribute_changed'
    const shown = isContent(value) && typeof actual === 'string' ? contentOf(actual) : actual
    found.push({ kind, expected: { [name]: value }, actual: { [name]: shown } })
  }
  for (const name in arrived) {
    if (!Object.hasOwn(written, name))
      found.push({ kind: 'attribute_added', expected: null, actual: { [name]: arrived[name] } })
  }
  return found
}

const asDouble = (value: Value) => ({ double: value })

/** Attributes as they are shown: a whole number that came as a double says so. */
export function shownAttributes({ attributes, wholeDoubles }: Arrived): Attributes {
  if (wholeDoubles.length === 0) return attributes
  const doubles = wholeDoubles.map((name) => [name, asDouble(attributes[name] as Value)])
  return { ...attributes, ...(Object.fromEntries(doubles) as Attributes) }
}

const isContent = (value: AttributeValue): value is Content => typeof value === 'object' && !Array.isArray(value)

const contentOf = (text: string): Content => ({ length: text.length, sha256: hash('sha256', text) })

function isSame(written: AttributeValue, actual: Value, transport: Transport): boolean {
  if (typeof written !== 'object') return written === actual
  if (isContent(written))
    return typeof actual === 'string' && actual.length === written.length && contentOf(actual).sha256 === written.sha256
  const text = JSON.stringify(written)
  if (transport.listsAsText && typeof actual === 'string') return text === actual
  return Array.isArray(actual) && text === JSON.stringify(actual)
}

/** Whether what arrived is the beginning of what was written; of content only the length can tell. */
function isCut(written: AttributeValue, actual: Value): boolean {
  if (Array.isArray(written))
    return (
      Array.isArray(actual) &&
      actual.length <= written.length &&
      actual.every((item, index) => item === written[index] || isCut(written[index] as string, item))
    )
  if (typeof actual !== 'string') return false
  if (typeof written === 'string') return written.startsWith(actual)
  return isContent(written) && actual.length < written.length
}
