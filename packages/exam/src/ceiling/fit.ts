import { median } from 'findings/statistics'
import { fieldOf } from '../table/rows.ts'
import { streamedOf } from '../table/pieces.ts'
import type { Step, Table } from '../table/table.ts'
import { learnPeople } from './asking.ts'
import { learnTokensPerKb } from './context.ts'
import { learnCalling } from './calling.ts'
import { learnFailing } from './failures.ts'
import { leastSquares } from './least-squares.ts'
import { learnSharing } from './sharing.ts'
import type { Usual } from './usual.ts'

interface Fit {
  coefficients: number[]
  /** Of the logarithm of measured over expected, robust. */
  sigma: number
}

/** Fewer tell nothing. */
const fewest = 30
/** More tell no more. */
const most = 4000
const sigmas = 4

/** How deep a tool is to look; NaN where nobody says it. */
const depthOf = ({ args }: Step) => Number(fieldOf(args, 'depth'))
const keyOf = (step: Step) => `${step.kind} ${step.name} ${depthOf(step) > 0}`

/** What a time may be made of: of the size, and of that more, or less, the deeper a tool is to look, or the more tokens a KB has. */
function columnsOf(step: Step): number[] {
  const { kind, kb, output_tokens, uncached_tokens } = step
  if (kind === 'model') return [1, output_tokens, uncached_tokens]
  const more = (kind === 'tool' ? depthOf(step) : output_tokens / kb) || 1
  return [1, kb, more, kb * more, 1 / more, kb / more]
}
const isPlain = ({ failure, ms, isCached, kind }: Step) =>
  failure === null && ms > 0 && !isCached && kind !== 'wait' && kind !== 'handover'

/** A fit for each tool, model and source over all runs. */
export function fit(tables: readonly Table[]): Usual {
  const groups = Map.groupBy(tables.flatMap(({ steps }) => steps).filter(isPlain), keyOf)
  const fits = new Map(
    [...groups].filter(([, steps]) => steps.length >= fewest).map(([key, steps]) => [key, fitOf(thin(steps, most))]),
  )
  const streamed = tables.flatMap((table) => firstToken(table) ?? [])
  const first = streamed.length >= fewest ? fitLine(thin(streamed, most)) : undefined
  return {
    sharing: learnSharing(tables),
    people: learnPeople(tables),
    tokensPerKb: learnTokensPerKb(tables),
    calling: learnCalling(tables),
    failing: learnFailing(tables),
    firstTokenMs(table) {
      const columns = firstToken(table)?.columns
      return first && columns && { ms: Math.max(1, predict(first.coefficients, columns)), limit: limitOf(first) }
    },
    expected(step) {
      const fitted = isPlain(step) ? fits.get(keyOf(step)) : undefined
      return fitted && Math.max(1, predict(fitted.coefficients, columnsOf(step)))
    },
    limitOf: (step) => limitOf(fits.get(keyOf(step))),
  }
}

const limitOf = (fitted: Fit | undefined) => Math.exp(sigmas * (fitted?.sigma ?? 0))

function firstToken(table: Table) {
  const { step, marks } = streamedOf(table) ?? {}
  return step && marks && marks[0].ms > 0 ? { columns: [1, step.uncached_tokens], ms: marks[0].ms } : undefined
}

/** Every n-th, so that there are no more than `count`. */
const thin = <Item>(items: readonly Item[], count: number) => {
  const every = Math.ceil(items.length / count)
  return items.filter((_, index) => index % every === 0)
}

const predict = (coefficients: readonly number[], columns: readonly number[]) =>
  columns.reduce((sum, each, index) => sum + each * (coefficients[index] ?? 0), 0)

/** Least squares of the relative error, with Tukey's weights, so that what is slow does not count. */
export function fitLine(points: readonly { columns: readonly number[]; ms: number }[]): Fit {
  const rows = points.map(({ columns }) => columns)
  const times = points.map(({ ms }) => ms)
  let coefficients = leastSquares(
    rows,
    times,
    times.map((ms) => 1 / ms ** 2),
  ).coefficients
  let sigma = 0
  for (let round = 0; round < 12; round++) {
    const expected = rows.map((row) => Math.max(1e-3, predict(coefficients, row)))
    const logs = expected.map((ms, index) => Math.log((times[index] as number) / ms))
    const middle = median(logs)
    sigma = 1.4826 * median(logs.map((each) => Math.abs(each - middle))) + 1e-3
    const weights = logs.map((each, index) => {
      const weight = Math.max(0, 1 - ((each - middle) / (4 * sigma)) ** 2)
      return (weight / (expected[index] as number)) ** 2
    })
    coefficients = leastSquares(rows, times, weights).coefficients
  }
  return { coefficients, sigma }
}

const fitOf = (steps: readonly Step[]) => fitLine(steps.map((step) => ({ columns: columnsOf(step), ms: step.ms })))
