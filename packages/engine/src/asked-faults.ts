import { faultKinds, faults } from 'contract/faults'
import { allTools } from './tools.ts'

/** A fault that is to hit a run, beside those that its scenario plants by itself. */
export type AskedFault =
  | { kind: 'straggler'; factor?: number | undefined }
  | { kind: 'slow_tool'; tool: string; factor: number }
  | { kind: 'failing_tool'; tool: string; rate: number }
  | { kind: 'slow_model'; factor: number }
  | { kind: 'failing_model'; rate: number }

/** What is planted in a run. */
export interface AskedFaults {
  /** Whether the scenario plants what it plants by itself. */
  own: boolean
  others: readonly AskedFault[]
}

const factor = '(1000|[1-9]\\d{0,2}(\\.\\d{1,6})?)'
const probability = '(1|0(\\.\\d{1,6})?)'
const tool = `(${allTools.join('|')})`
const item = `(own|straggler(:${factor})?|slow_tool:${tool}:${factor}|failing_tool:${tool}:${probability}|slow_model:${factor}|failing_model:${probability})`

/** The parameter `faults`, as it is written. */
export const faultsPattern = new RegExp(`^(off|${item}(,${item})*)$`)
export const faultsExpected =
  'off, or a list of own, straggler, straggler:FACTOR, slow_tool:TOOL:FACTOR, failing_tool:TOOL:PROBABILITY, slow_model:FACTOR and failing_model:PROBABILITY, such as own,slow_tool:search:4'

/** Reads what `faultsPattern` matches; absent, a scenario plants its own and nothing else does. */
export function parseFaults(text: unknown): AskedFaults {
  if (typeof text !== 'string') return { own: true, others: [] }
  const items = text === 'off' ? [] : text.split(',')
  return { own: items.includes('own'), others: items.filter((word) => word !== 'own').map(parseItem) }
}

function parseItem(text: string): AskedFault {
  const [kind, first = '', second] = text.split(':')
  switch (kind) {
    case 'slow_tool':
      return { kind, tool: first, factor: Number(second) }
    case 'failing_tool':
      return { kind, tool: first, rate: Number(second) }
    case 'slow_model':
      return { kind, factor: Number(first) }
    case 'failing_model':
      return { kind, rate: Number(first) }
    default:
      return { kind: 'straggler', factor: first === '' ? undefined : Number(first) }
  }
}

/** The value of the parameter; undefined where it may be left out. */
export function writeFaults({ own, others }: AskedFaults): string | undefined {
  if (own && others.length === 0) return undefined
  return [...(own ? ['own'] : []), ...others.map(writeItem)].join(',') || 'off'
}

function writeItem(fault: AskedFault): string {
  switch (fault.kind) {
    case 'straggler':
      return fault.factor === undefined ? fault.kind : `${fault.kind}:${decimal(fault.factor)}`
    case 'slow_tool':
      return `${fault.kind}:${fault.tool}:${decimal(fault.factor)}`
    case 'failing_tool':
      return `${fault.kind}:${fault.tool}:${decimal(fault.rate)}`
    case 'slow_model':
      return `${fault.kind}:${decimal(fault.factor)}`
    case 'failing_model':
      return `${fault.kind}:${decimal(fault.rate)}`
  }
}

/** The straggler among these faults. */
export function stragglerOf(others: readonly AskedFault[]) {
  return others.find((fault) => fault.kind === 'straggler')
}

/** As many digits as the parameter takes. */
const decimal = (value: number) => String(Number(value.toFixed(6)))

/** What a scenario can plant by itself: a parameter takes it out. */
const ownKinds = faultKinds.filter((kind) => !('faults' in faults[kind].remedy.changes))

/** Parameters that take out of a scenario what it plants by itself, where `faults` does not say that it shall. */
export function takenOutBy(text: unknown): Record<string, number | string> {
  const { own, others } = parseFaults(text)
  const hasStraggler = stragglerOf(others) !== undefined
  const out = own ? [] : ownKinds.filter((kind) => !(kind === 'straggler' && hasStraggler))
  return Object.assign({}, ...out.map((kind) => faults[kind].remedy.changes)) as Record<string, number | string>
}

/** Parameters of a run that `faults` decides. */
export function changesOf(text: unknown): Record<string, number | string> {
  const straggler = stragglerOf(parseFaults(text).others)
  return {
    ...takenOutBy(text),
    ...(straggler?.factor !== undefined && { straggler_factor: straggler.factor }),
  }
}
