import type { Catalog, Query } from 'engine/catalog'
import { report } from 'engine/mix/read'
import type { PlannedRun } from 'engine/mix/plan'
import { SimulateError } from './error.ts'
import type { Asked } from './play.ts'

/** What a planned run asks of the engine; `startMs` is when the plan starts. Throws a SimulateError for what nobody can play. */
export function askedOf(planned: PlannedRun, catalog: Catalog, startMs: number): Asked {
  const { scenario, seed: ids, conversationId } = planned
  const offer = catalog.find(scenario)
  if (!offer) {
    const known = catalog.offers.map(({ scenario }) => scenario.name).join(', ')
    throw new SimulateError(`There is no scenario ${scenario}; expected one of ${known}`)
  }
  const parsed = catalog.parse(offer, queryOf(planned.params, conversationId))
  if ('faults' in parsed) {
    const faults = parsed.faults.map(
      ({ parameter, value, expected }) => `${parameter}${value === undefined ? '' : ` ${value}`}: expected ${expected}`,
    )
    throw new SimulateError(report(`What it asks of ${scenario}`, faults))
  }
  // Runs that are to decide the same are still traces of their own.
  const { seed = ids, ...params } = parsed.params
  return { offer, params, seed: String(seed), ids, startMs: startMs + planned.atMs }
}

/** As a query has it. */
function queryOf(params: PlannedRun['params'], conversationId: string | undefined): Query {
  const given = { ...params, ...(conversationId !== undefined && { conversation_id: conversationId }) }
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))
}
