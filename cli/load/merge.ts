import { isDeepStrictEqual } from 'node:util'
import { readReport, ReportError } from './file.ts'
import { makeReport, type Report } from './report.ts'

/** The report of a load of which each file reports a share: the same as if one had offered all. Without all shares it is not whole. */
export async function mergeReports(paths: readonly string[]): Promise<Report> {
  const reports = await Promise.all(paths.map(readReport))
  const [first] = reports
  if (!first) throw new ReportError('merge: expected the files of reports after it')
  const seen = new Map<number, string>()
  for (const [at, { plan, shards }] of reports.entries()) {
    const path = paths[at] as string
    if (!isDeepStrictEqual(plan, first.plan))
      throw new ReportError(`${path} reports another plan than ${paths[0]}: mix, seed and duration have to be the same`)
    for (const { index, of } of shards) {
      if (of !== first.shards[0]?.of)
        throw new ReportError(`${path} reports a share of ${of}, ${paths[0]} one of ${first.shards[0]?.of}`)
      const other = seen.get(index)
      if (other !== undefined) throw new ReportError(`${path} and ${other} both report the share ${index}/${of}`)
      seen.set(index, path)
    }
  }
  const report = makeReport(
    first.plan,
    reports.flatMap(({ shards }) => shards),
    reports.flatMap(({ runs }) => runs),
  )
  return { ...report, whole: report.whole && seen.size === first.shards[0]?.of }
}
