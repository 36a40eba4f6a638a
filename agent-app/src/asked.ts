import type { Part } from 'contract/handoff'
import type { Request } from 'express'
import { runParametersHeader } from 'contract/run-parameters'
import { type Fault, flag, parseScalars } from 'contract/scalars'
import type { Query } from 'engine/catalog'
import { queryOf, valuesOf } from 'service-kit/app'
import { badQuery } from 'service-kit/problem'
import { z } from 'zod'

/** What a request asks to be run: its parameters, wherever they stood, and whether the run is blind. */
export interface Asked {
  query: Query
  isBlind: boolean
  /** Of a run that another agent has begun: which part of it this one is to play. */
  part?: Part
}

const blindSchema = z.object({ blind: flag({ default: false, description: 'Whether its spans say nothing of it' }) })

/**
 * Reads the query of a request together with the header that takes the same. Throws a 400 problem that names what is in
 * both, and what would give a blind run away: its URL stands on its span. `ownScenario` is that of a path of its own.
 */
export function readAsked(req: Request, ownScenario?: string): Asked {
  const query = queryOf(req)
  const { blind, ...header } = valuesOf(req.get(runParametersHeader) ?? '')
  const parsed = parseScalars(blindSchema, blind === undefined ? {} : { blind }, () => 'blind')
  if ('faults' in parsed) throw badQuery(parsed.faults)
  const isBlind = parsed.value.blind
  const faults = Object.entries(query).flatMap(([parameter, value]): Fault[] => {
    const told = { parameter: parameter.slice(0, 100), value: [value].flat().join(', ').slice(0, 100) }
    if (parameter === 'blind' || isBlind) return [{ ...told, expected: `to stand in ${runParametersHeader}` }]
    if (Object.hasOwn(header, parameter))
      return [{ ...told, expected: `to be given once, here or in ${runParametersHeader}` }]
    return []
  })
  if (isBlind && ownScenario !== undefined)
    faults.push({ parameter: 'scenario', value: ownScenario, expected: `to stand in ${runParametersHeader}, of /run` })
  if (faults.length > 0) throw badQuery(faults)
  return { query: { ...query, ...header }, isBlind }
}
