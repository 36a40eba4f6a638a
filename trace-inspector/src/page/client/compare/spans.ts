import { actorOf, nameOf } from '../../model/columns.ts'
import { positions } from '../state/look.ts'
import { trace } from '../state/trace.ts'

/** Who a span is of, or what it is called where it names nobody. */
export function agentById(id: string): string {
  const span = positions.value.get(id)
  const model = trace.value
  if (!model || span === undefined) return id
  return actorOf(model.columns, span) || nameOf(model.columns, span)
}
