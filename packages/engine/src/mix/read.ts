import { isMap, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import type { Catalog } from '../catalog.ts'
import { faultsOfRuns, heldWithin } from './check.ts'
import { type Mix, mixSchema } from './mix.ts'

/** A mix that is none: every fault at once, each with its path and, where it stands in a file, its line. */
export class MixError extends Error {
  override name = 'MixError'
}

/** Reads a mix of what the catalog has from YAML. `name` is what the text is called in an error. Throws a MixError. */
export function readMix(text: string, name: string, catalog: Catalog): Mix {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`)
    throw new MixError(report(name, faults))
  }
  const raw: unknown = document.toJS({ maxAliasCount: 100 })
  const parsed = mixSchema.safeParse(raw)
  const faults = [...(parsed.error?.issues ?? []), ...faultsOfRuns(raw, catalog)].map(({ path, message }) => {
    const line = lineOf(document, lines, path)
    const where = `${path.map(String).join('.') || 'the whole'}${line === undefined ? '' : ` (line ${line})`}`
    return { line: line ?? 0, text: `${where}: ${message}` }
  })
  if (parsed.success && faults.length === 0)
    return { ...parsed.data, runs: parsed.data.runs.map((run) => heldWithin(run, catalog)) }
  throw new MixError(
    report(
      name,
      faults.toSorted((a, b) => a.line - b.line).map(({ text }) => text),
    ),
  )
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
