import { faults, type Remedy } from 'contract/faults'
import { type Fault, parseScalars } from 'contract/scalars'
import { causeOf } from 'findings/kinds'
import { z } from 'zod'
import { changesOf } from './asked-faults.ts'
import { levelOf, onlyWithLevels, takenByLevels } from './levels/level.ts'
import { profileOf } from './profile/index.ts'
import { commonParams, type Defaults, type Scenario } from './scenario.ts'

/** The parameter of `/run` that names the scenario. */
const queryName = 'scenario'

/** A query string: parameter → value, or values where it was repeated. */
export type Query = Record<string, string | string[]>
export type ParamValues = Record<string, string | number | boolean>

/** A scenario as this process offers it: its literal, with the environment's defaults in place. */
export interface Offer {
  scenario: Scenario
  schema: z.ZodObject
}

/** What can be run here, and everything that is read off it: parser, listing, documents. */
export class Catalog {
  readonly offers: readonly Offer[]
  /** Parameters whose defaults are the environment's: no profile has others. */
  readonly #said: ReadonlySet<string>

  constructor(scenarios: readonly Scenario[], defaults: Defaults) {
    this.#said = new Set(defaults.delayMs === undefined ? [] : ['delay_ms'])
    this.offers = scenarios.map((scenario) => {
      const schema = schemaOf(scenario, defaults)
      refuseStrangeRemedy(scenario, schema)
      return { scenario, schema }
    })
  }

  /** The scenario of this name. */
  find(name: string): Offer | undefined {
    return this.offers.find(({ scenario }) => scenario.name === name)
  }

  /**
   * The parameters of a run, defaults included, or everything that is wrong with them: `clash` when each is well by itself,
   * which is all that a schema can say.
   */
  parse({ scenario, schema }: Offer, query: Query): { params: ParamValues } | { faults: Fault[]; clash?: true } {
    const parsed = parseScalars(schema, query, (name) => this.#whyUnknown(name, schema))
    if ('faults' in parsed) return parsed
    if (levelOf(parsed.value) > 1) return parseLevel(scenario, schema, query, parsed.value)
    const params: Record<string, unknown> = { ...parsed.value }
    const untimely = onlyWithLevels.filter((name) => params[name] !== undefined)
    if (untimely.length > 0)
      return clash(
        untimely.map((name) => ({
          parameter: name,
          value: textOf(query[name]),
          expected: 'to come with level=2, 3 or 4',
        })),
      )
    for (const [name, value] of Object.entries(profileOf(params).defaults))
      if (Object.hasOwn(schema.shape, name) && !query[name] && !this.#said.has(name)) params[name] = value
    for (const [name, value] of Object.entries(changesOf(params.faults)))
      if (Object.hasOwn(schema.shape, name)) params[name] = value
    const faults = scenario.complete(params)
    return faults.length > 0 ? clash(faults) : { params: inOrder(schema, params) }
  }

  #whyUnknown(name: string, schema: z.ZodObject): string {
    const takers = this.offers
      .filter((offer) => Object.hasOwn(offer.schema.shape, name))
      .map(({ scenario }) => scenario.name)
    if (takers.length > 0) return `only with ${takers.join(', ')}`
    return `one of ${Object.keys(schema.shape).join(', ')}`
  }

  /** `GET /scenarios` as JSON. */
  list() {
    return this.offers.map(({ scenario, schema }) => ({
      name: scenario.name,
      path: pathOf(scenario),
      description: scenario.description,
      symptom: scenario.symptom,
      missed: scenario.missed,
      reveals: scenario.reveals,
      spans: scenario.spans,
      finding: scenario.finding,
      remedy: remedyOf(scenario),
      defaults: this.defaultsOf({ scenario, schema }),
      parameters: jsonSchemaOf(schema),
    }))
  }

  /**
   * `GET /scenarios` as text, for shells: name, path, description, every parameter with its default, and then for each of
   * them in turn `what it takes: what it means`; between tabs.
   */
  listText(): string {
    return this.offers
      .map((offer) => {
        const { scenario, schema } = offer
        const defaults = this.defaultsOf(offer)
        const params = Object.keys(schema.shape).map((name) => `${name}=${defaults[name] ?? ''}`)
        const { properties = {} } = jsonSchemaOf(schema)
        const notes = Object.entries(schema.shape).map(
          ([name, parser]) =>
            `${expectedBy(parser)}: ${(properties[name] as { description?: string }).description ?? ''}`,
        )
        return `${[scenario.name, pathOf(scenario), scenario.description, params.join(' '), ...notes].join('\t')}\n`
      })
      .join('')
  }

  /** What a run takes that was given nothing. */
  defaultsOf(offer: Offer): ParamValues {
    const parsed = this.parse(offer, {})
    return 'params' in parsed ? parsed.params : {}
  }
}

type Parsed = ReturnType<Catalog['parse']>

const textOf = (given: string | string[] | undefined) => [given ?? []].flat().join(', ')

const clash = (faults: Fault[]) => ({ faults, clash: true as const })

/** In the order in which they are declared, whatever was given and whatever was derived. */
function inOrder(schema: z.ZodObject, params: Readonly<Record<string, unknown>>): ParamValues {
  const given = Object.keys(schema.shape).filter((name) => params[name] !== undefined)
  return Object.fromEntries(given.map((name) => [name, params[name]])) as ParamValues
}

/** A run of level 2 to 4 is what its level draws: it has the parameters that were given, and no defaults. */
function parseLevel({ levels }: Scenario, schema: z.ZodObject, query: Query, value: Record<string, unknown>): Parsed {
  const level = levelOf(value)
  if (!levels) return clash([{ parameter: 'level', value: String(level), expected: '1: this scenario has no other' }])
  const given = Object.keys(query).filter((name) => query[name] !== '')
  const taken = new Set([...levels.takes, ...takenByLevels])
  const faults = given
    .filter((name) => !taken.has(name))
    .map((name) => ({
      parameter: name,
      value: textOf(query[name]),
      expected: `to be absent with level=${level}, which draws times, faults and size by itself`,
    }))
  if (value.faults !== undefined && value.faults !== 'off' && value.faults !== 'own')
    faults.push({ parameter: 'faults', value: textOf(query.faults), expected: `own or off with level=${level}` })
  if (faults.length > 0) return clash(faults)
  return { params: inOrder(schema, Object.fromEntries(given.map((name) => [name, value[name]]))) }
}

/** How the fault is taken out of a scenario. */
export function remedyOf({ finding }: Scenario): Remedy {
  const cause = causeOf(finding)
  return 'fault' in cause ? faults[cause.fault].remedy : cause.remedy
}

/** A finding that cannot be taken out of a scenario is none of it. */
function refuseStrangeRemedy(scenario: Scenario, { shape }: z.ZodObject): void {
  const strange = Object.keys(remedyOf(scenario).changes).filter((name) => !Object.hasOwn(shape, name))
  if (strange.length === 0) return
  throw new Error(
    `Scenario ${scenario.name} has no parameter ${strange.join(', ')}, by which ${scenario.finding} is taken out of a run: expected one of ${Object.keys(shape).join(', ')}`,
  )
}

/** The path that starts a scenario, before its parameters. */
export function pathOf(scenario: Scenario): string {
  return scenario.path === '/run' ? `/run?${queryName}=${scenario.name}` : scenario.path
}

/** The path that is a scenario's own, so that an APM has a series for it: `/run/fanout`. */
export function ownPathOf(scenario: Scenario): string {
  return scenario.path === '/run' ? `/run/${scenario.name}` : scenario.path
}

/** The path that repeats a run that was asked for at `route`, whatever the defaults are where it is asked for. */
export function replayPath(route: string, scenario: Scenario, params: ParamValues, seed: string): string {
  const query = new URLSearchParams(route === '/run' ? { [queryName]: scenario.name } : {})
  for (const [name, value] of Object.entries({ ...params, seed })) query.set(name, String(value))
  return `${route}?${query.toString()}`
}

/** What a parameter takes, in the words of its parser: what that says of a list, which none of them takes. */
function expectedBy(parser: z.core.$ZodType): string {
  return z.safeParse(parser, []).error?.issues[0]?.message ?? ''
}

export function jsonSchemaOf(schema: z.ZodObject) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  return { ...rest, additionalProperties: false }
}

function schemaOf(scenario: Scenario, defaults: Defaults): z.ZodObject {
  const common = Object.entries(commonParams(defaults)).filter(
    ([name]) => !Object.hasOwn(scenario.params, name) && !scenario.without?.some((left) => left === name),
  )
  return z.object({ ...scenario.params, ...Object.fromEntries(common) })
}
