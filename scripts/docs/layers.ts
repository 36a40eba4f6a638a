import { mayImport } from '../layers.ts'
import { code, table } from './markdown.ts'

/** Which part may import which, as a test keeps it. */
export function layerTable(): string {
  const rows = Object.entries(mayImport).map(([part, others]) => [code(part), others.map(code).join(', ')])
  return table(['Part', 'May import'], rows)
}
