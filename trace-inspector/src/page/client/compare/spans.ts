import { actorOf, nameOf } from '../../model/columns.ts'
import type { Look } from '../state/look.ts'

/** Who a span is of, or what it is called where it names nobody. */
export function agentById(look: Look, id: string): string {
  const span = look.positions.value.get(id)
  const model = look.trace.model.value
  if (!model || span === undefined) return id
  return actorOf(model.columns, span) || nameOf(model.columns, span)
}
