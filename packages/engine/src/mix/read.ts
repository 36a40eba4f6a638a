import { isMap, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import { type Mix, mixSchema } from './mix.ts'

/** A mix that is none: every fault at once, each with its path and, where it stands in a file, its line. */
export class MixError extends Error {
  override name = 'MixError'
}

/** Reads a mix from YAML. `name` is what the text is called in an error. Throws a MixError. */
export function readMix(text: string, name: string): Mix {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`)
    throw new MixError(report(name, faults))
  }
  const parsed = mixSchema.safeParse(document.toJS({ maxAliasCount: 100 }))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    const path = issue.path.map(String)
    const line = lineOf(document, lines, issue.path)
    const where = `${path.join('.') || 'the whole'}${line === undefined ? '' : ` (line ${line})`}`
    return `${where}: ${issue.message}`
  })
  throw new MixError(report(name, faults))
}

/** The error of a mix, with all that is wrong with it. */
export function report(name: string, faults: readonly string[]): string {
  return `${name} is no mix:\n${faults.map((fault) => `  ${fault}`).join('\n')}`
}

/** Where a path stands in the text; where it stands nowhere, its nearest ancestor. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isRanged(node)) return lines.linePos(node.range[0]).line
  }
  return undefined
}

function isRanged(node: unknown): node is { range: [number, number, number] } {
  return (
    isMap(node) ||
    isSeq(node) ||
    (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
  )
}
