import { Problem } from 'service-kit/problem'
import { describe, expect, it } from 'vitest'
import { demandOf } from '../../test/support/simulated.ts'
import { Admission, type Cost, costOf } from '../src/admission.ts'

const calls = (count: number): Cost => ({ calls: count, bytes: 0 })

/** What a run of a scenario declares to take. */
const costOfRun = (name: string, query: Record<string, number> = {}) => costOf(demandOf(name, query))

function refusalOf(admit: () => unknown): Problem {
  try {
    admit()
  } catch (error) {
    if (error instanceof Problem) return error
  }
  throw new Error('it was admitted')
}

describe('what a run declares', () => {
  it.each([
    ['fanout', {}, 20],
    ['fanout', { concurrency: 500, fanout: 10_000 }, 500],
    ['chain', { depth: 5000 }, 1],
    ['retry', { concurrency: 7 }, 7],
    ['dag', { fanout: 300 }, 300],
    ['react', {}, 1],
    ['human', {}, 1],
    ['rag', {}, 1],
    ['loop', {}, 1],
    ['overflow', {}, 1],
    ['stream', { concurrency: 3 }, 3],
    ['silent', {}, 1],
    ['hallucination', {}, 1],
  ])('%s with %j may have %i tool calls under way', (scenario, query, expected) => {
    expect(costOfRun(scenario, query).calls).toBe(expected)
  })

  it.each([
    ['fanout', { fanout: 10_000 }, 100],
    ['chain', { depth: 5000 }, 50],
    ['retry', { fanout: 10_000, max_retries: 20 }, 900],
    ['rag', { rag_chunks: 64, rag_chunk_size_kb: 1024 }, 269],
    ['human', {}, 0],
  ])('%s with %j may take some %i MB', (scenario, query, expected) => {
    expect(Math.round(costOfRun(scenario, query).bytes / 1e6)).toBe(expected)
  })
})

describe('admission', () => {
  it('refuses what would exceed the limit, at once, with a time to come back', () => {
    const admission = new Admission(100)
    admission.admit(calls(60))
    const { status, headers, message } = refusalOf(() => admission.admit(calls(41)))
    expect({ status, headers }).toEqual({ status: 503, headers: { 'Retry-After': '1' } })
    expect(message).toBe('1 runs are in flight with up to 60 tool calls; 41 more would exceed 100')
    admission.admit(calls(40))
    expect(admission.runs).toBe(2)
  })

  it('has the room back when a run has ended', () => {
    const admission = new Admission(100)
    const release = admission.admit(calls(100))
    refusalOf(() => admission.admit(calls(1)))
    release()
    expect(admission.runs).toBe(0)
    admission.admit(calls(100))
  })

  it('bounds the memory of many runs that declare few calls', () => {
    const admission = new Admission(10_000, 200 * 2 ** 20)
    const large = costOfRun('fanout', { fanout: 10_000, concurrency: 1 })
    admission.admit(large)
    admission.admit(large)
    expect(refusalOf(() => admission.admit(large)).message).toMatch(/MiB; 96 more would exceed 200, half of the heap$/)
    admission.admit(costOfRun('human'))
  })

  it('admits a run that alone is over the limit when there is no other', () => {
    const admission = new Admission(10, 1000)
    const release = admission.admit({ calls: 10_000, bytes: 1e9 })
    refusalOf(() => admission.admit(calls(0)))
    release()
    admission.admit(calls(1))
    refusalOf(() => admission.admit({ calls: 10_000, bytes: 1e9 }))
  })
})
