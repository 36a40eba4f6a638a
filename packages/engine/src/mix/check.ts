import { z } from 'zod'
import { takenOutBy } from '../asked-faults.ts'
import { type Catalog, jsonSchemaOf, type Offer } from '../catalog.ts'
import type { MixRun } from './mix.ts'
import { type Distribution, type DrawnValue, parameterValue } from './values.ts'

/** Something that is wrong with a mix, and where. */
export interface MixFault {
  path: readonly PropertyKey[]
  message: string
}

/** What a mix says of its runs, whatever else is wrong with it. */
const outline = z.object({ runs: z.array(z.unknown()) })
const outlineOfRun = z.object({
  scenario: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
  planted: z.unknown().optional(),
})

/** What the catalog says against the runs of a mix as it was read. */
export function faultsOfRuns(mix: unknown, catalog: Catalog): MixFault[] {
  const { data } = outline.safeParse(mix)
  return (data?.runs ?? []).flatMap((run, index) => {
    const { data } = outlineOfRun.safeParse(run)
    return data
      ? faultsOfRun(data, catalog).map(({ path, ...fault }) => ({ path: ['runs', index, ...path], ...fault }))
      : []
  })
}

function faultsOfRun({ scenario, params, planted }: z.output<typeof outlineOfRun>, catalog: Catalog): MixFault[] {
  const offer = catalog.find(scenario)
  if (!offer) {
    const known = catalog.offers.map(({ scenario }) => scenario.name).join(', ')
    return [{ path: ['scenario'], message: `expected one of ${known}, not ${scenario}` }]
  }
  const read = Object.entries(params).flatMap(([name, value]) => {
    const { data } = parameterValue.safeParse(value)
    return data === undefined ? [] : [[name, data] as const]
  })
  const faults = read.flatMap(([name, value]) =>
    faultsOfParameter(offer, name, value).map(({ path, message }) => ({ path: ['params', name, ...path], message })),
  )
  if (faults.length > 0) return faults
  const unheard = planted === true ? [] : unheardOf(read)
  return unheard.length > 0 ? unheard : clashesOf(catalog, offer, read)
}

function faultsOfParameter(offer: Offer, name: string, value: DrawnValue): MixFault[] {
  if (name === 'faults') return [{ path: [], message: 'is what `planted` and `faults` of the mix say' }]
  const shape = new Map(Object.entries(offer.schema.shape as Record<string, z.ZodType>))
  const parser = shape.get(name)
  if (!parser) return [{ path: [], message: `expected one of ${[...shape.keys()].join(', ')}, not ${name}` }]
  const check = (path: PropertyKey[], value: string | number | boolean) => {
    const parsed = parser.safeParse(String(value))
    return parsed.success ? [] : [{ path, message: `expected ${parsed.error.issues[0]?.message}, not ${value}` }]
  }
  if (typeof value !== 'object') return check([], value)
  if ('choice' in value) return value.choice.flatMap((one, index) => check(['choice', index], one))
  const range = rangeOf(offer, name)
  if (!range) return [{ path: [], message: `is no number: it takes ${parser.safeParse([]).error?.issues[0]?.message}` }]
  return figuresOf(value).flatMap(({ path, figure }) =>
    figure >= range.min && figure <= range.max
      ? []
      : [{ path, message: `expected a number from ${range.min} to ${range.max}, not ${figure}` }],
  )
}

/** The figures of a distribution that are values of its parameter. */
function figuresOf(spec: Exclude<Distribution, { choice: unknown }>) {
  const { min, max } = spec
  return [
    ...('lognormal' in spec ? [{ path: ['lognormal', 0], figure: spec.lognormal[0] }] : []),
    ...('uniform' in spec ? spec.uniform.map((figure, index) => ({ path: ['uniform', index], figure })) : []),
    ...(min === undefined ? [] : [{ path: ['min'], figure: min }]),
    ...(max === undefined ? [] : [{ path: ['max'], figure: max }]),
  ]
}

/** Parameters of what a scenario plants by itself, where it is not to plant anything: nobody would hear of them. */
function unheardOf(params: readonly (readonly [string, DrawnValue])[]): MixFault[] {
  const without = takenOutBy('off')
  return params.flatMap(([name, value]) =>
    without[name] === undefined || (typeof value !== 'object' && String(value) === String(without[name]))
      ? []
      : [{ path: ['params', name], message: `has no effect without \`planted: true\` beside \`params\`` }],
  )
}

/** So many combinations of extremes are tried at most. */
const mostCorners = 256

/** Parameters that do not go together, for some value of each. Such rules speak of more or less, so that extremes are enough. */
function clashesOf(catalog: Catalog, offer: Offer, params: readonly (readonly [string, DrawnValue])[]): MixFault[] {
  let corners: Record<string, string>[] = [{}]
  for (const [name, value] of params) {
    const extremes = extremesOf(offer, name, value).map(String)
    corners = corners.flatMap((corner) => extremes.map((text) => ({ ...corner, [name]: text }))).slice(0, mostCorners)
  }
  for (const corner of corners) {
    const parsed = catalog.parse(offer, corner)
    if (!('faults' in parsed)) continue
    return parsed.faults.map(({ parameter, value, expected }) => ({
      path: ['params', ...(parameter in corner ? [parameter] : [])],
      message: `${parameter} may be ${value}, where it is expected to be ${expected}`,
    }))
  }
  return []
}

function extremesOf(offer: Offer, name: string, value: DrawnValue): (string | number | boolean)[] {
  if (typeof value !== 'object') return [value]
  if ('choice' in value) return value.choice
  const { min = 0, max = 0, whole } = within(value, offer, name)
  const ends = 'uniform' in value ? value.uniform.map((end) => Math.min(Math.max(end, min), max)) : [min, max]
  return whole ? ends.map(Math.round) : ends
}

/** The run with its draws held within the ranges of its parameters. */
export function heldWithin(run: MixRun, catalog: Catalog): MixRun {
  const offer = catalog.find(run.scenario)
  if (!offer) return run
  const params = Object.entries(run.params).map(([name, value]) => [
    name,
    typeof value === 'object' && !('choice' in value) ? within(value, offer, name) : value,
  ])
  return { ...run, params: Object.fromEntries(params) as MixRun['params'] }
}

function within<Spec extends Exclude<Distribution, { choice: unknown }>>(spec: Spec, offer: Offer, name: string) {
  const range = rangeOf(offer, name)
  const { min = range?.min, max = range?.max } = spec
  return { ...spec, min, max, whole: range?.whole ?? false }
}

/** The range of a parameter that is a number. */
function rangeOf(offer: Offer, name: string): { min: number; max: number; whole: boolean } | undefined {
  const property = jsonSchemaOf(offer.schema).properties?.[name]
  if (typeof property !== 'object' || property.minimum === undefined || property.maximum === undefined) return undefined
  return { min: property.minimum, max: property.maximum, whole: property.type === 'integer' }
}
