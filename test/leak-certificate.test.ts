import { beforeAll, describe, expect, it } from 'vitest'
import { certify, isBlind, type LateRuns, lateRuns, type See, together } from './certificate/certificate.ts'
import { featuresOf } from './certificate/features.ts'

const secret = '5eed'.repeat(8)
/** Runs of calls, and of chunks; the full table, of every scenario, is made by `npm run certificate`. */
const scenarios = ['fanout', 'rag']
let runs: LateRuns[]
beforeAll(async () => {
  runs = []
  for (const scenario of scenarios) runs.push(await lateRuns(scenario, '2', 40, secret))
})

const certifyAll = (see?: See) => together(runs.map((each) => certify(each, see)))

describe('of blind runs, by all but times, status and events', () => {
  it('no classifier tells culprits from their peers, or late runs from controls', () => {
    const { peers, runs: verdicts, faulty, controls } = certifyAll()
    expect(Math.min(faulty, controls)).toBeGreaterThanOrEqual(80)
    expect(peers.culprits).toBeGreaterThanOrEqual(40)
    expect(isBlind(peers), `${peers.auc} ± ${peers.error}`).toBe(true)
    expect(isBlind(verdicts), `${verdicts.auc} ± ${verdicts.error}`).toBe(true)
  })

  it('one that sees times does', () => {
    const { peers } = certifyAll((trace) => {
      const features = featuresOf(trace)
      for (const { spanId, startMs, endMs } of trace.spans)
        features.get(spanId)?.figures.set('ms', Math.log(endMs - startMs))
      return features
    })
    expect(peers.auc).toBeGreaterThan(0.9)
  })

  it('and one finds a word that all culprits have, and a tenth of the others', () => {
    const { peers, runs: verdicts } = certifyAll((trace) => {
      const features = featuresOf(trace)
      const culprits = new Set(trace.key.faults.flatMap(({ accepted }) => accepted.flat()))
      for (const [place, { spanId }] of trace.spans.entries())
        if (culprits.has(spanId) || place % 10 === 0) features.get(spanId)?.words.add('above retries')
      return features
    })
    expect(isBlind(peers)).toBe(false)
    expect(isBlind(verdicts)).toBe(false)
  })
})
