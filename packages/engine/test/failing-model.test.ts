import type { ScenarioName } from 'contract/scenarios'
import type { LedgerStep } from 'contract/ledger'
import { Random } from 'contract/random'
import { compareWithKey } from 'findings/planted'
import { describe, expect, it, test } from 'vitest'
import { spanFormulas } from '../../../test/support/expectations.ts'
import { simulate } from '../../../test/support/simulated.ts'
import { decisionsOf } from '../src/decisions.ts'
import { keyOf } from '../src/key/key.ts'
import { drawFailures } from '../src/model-failures.ts'
import { scenarios } from '../src/scenarios/index.ts'

const small = { fanout: 6, depth: 6, duration_s: 0.5, background_fanout: 6, ttft_ms: 10, human_delay_s: 0 }
const seeds = ['a', 'b', 'c', 'd', 'e', 'f']

/** A small run of a scenario whose model fails. */
async function play(scenario: string, query: Record<string, string | number>) {
  const takes = scenarios.find(({ name }) => name === scenario)?.params ?? {}
  const fitting = Object.fromEntries(Object.entries(small).filter(([name]) => Object.hasOwn(takes, name)))
  const { run, result } = await simulate(scenario, { ...fitting, ...query })
  const { steps } = run.ledger
  const chats = steps.filter(({ facts }) => facts.operation === 'chat')
  const attemptsOf = (chat: LedgerStep) => steps.filter(({ parent_id }) => parent_id === chat.id)
  return { run, result, steps, chats, attemptsOf }
}
const isLost = ({ status, facts }: LedgerStep) =>
  status === 'error' || (facts.operation === 'chat' && facts.finish_reason === 'content_filter')
const statusOf = ({ facts }: LedgerStep) => (facts.operation === 'http_client' ? facts.status : undefined)

describe.each(scenarios.map(({ name }) => name as ScenarioName))('%s with a model that fails', (scenario) => {
  test.each(seeds)('has an attempt for each POST, and ends in words (seed %s)', async (seed) => {
    for (const rate of [0.4, 1]) {
      const { result, chats, attemptsOf } = await play(scenario, { seed, llm_error_rate: rate, error_rate: 0 })
      for (const chat of chats) {
        const attempts = attemptsOf(chat)
        expect(attempts.length).toBeLessThanOrEqual(3)
        const retries = chat.events.filter(({ name }) => name === 'retry')
        expect(retries).toHaveLength(attempts.length - 1)
        for (const [index, attempt] of attempts.entries()) {
          expect(attempt.facts).toMatchObject({ operation: 'http_client', method: 'POST', attempt: index })
          const isLast = index === attempts.length - 1
          if (!isLast) expect(statusOf(attempt) ?? 0).not.toBe(400)
          expect(attempt.status).toBe(isLast && chat.status === 'unset' ? 'unset' : 'error')
        }
      }
      const posts = chats.flatMap(attemptsOf).length
      const { llm_calls, llm_retries, llm_errors } = result.summary
      // What parts did that others played stands in ledgers of theirs.
      if (result.session) continue
      expect([llm_calls, llm_calls + llm_retries, llm_errors]).toEqual([
        chats.length,
        posts,
        chats.filter(isLost).length,
      ])
      if (llm_errors === 0) {
        const formula = spanFormulas[scenario](result.params, result.summary)
        const { agent_app: own, total } = result.spans
        expect(Object.values(own).reduce((sum, count) => sum + count, 0)).toBe(formula.agent_app + posts)
        expect(total).toBe(formula.agent_app + formula.tool_service + posts)
      } else if (rate === 1) expect(result.ok).toBe(false)
    }
  })

  test.each(seeds)('says in its finding what its key says (seed %s)', async (seed) => {
    const { run, result } = await play(scenario, { seed, llm_error_rate: 0.5 })
    const key = await keyOf(run)
    const compared = compareWithKey(key, result.finding.observed.span_ids)
    expect(compared).toMatchObject({ missed: [], not_planted: [] })
    expect(key.unplanned.count).toBe(0)
    const ofModel = key.faults.filter(({ kind }) => kind === 'model_failed' || kind === 'rate_limited')
    expect(result.finding.observed.failing_model !== undefined).toBe(ofModel.length > 0)
    expect(result.finding.text.includes('the model failed')).toBe(ofModel.length > 0)
    expect(ofModel.some(({ id }) => id.includes('/chat'))).toBe(result.summary.llm_errors > 0)
  })

  test.each(seeds)('decides all else as without (seed %s)', async (seed) => {
    const without = decisionsOf((await play(scenario, { seed })).steps)
    const { steps, result } = await play(scenario, { seed, llm_error_rate: 0.5 })
    // Who lives with a call that got no answer has less to send with the next.
    if (result.session && result.summary.llm_errors > 0) return
    const answered = steps.filter(({ facts, status }) => facts.operation === 'chat' && status === 'unset')
    for (const { key, facts } of answered) {
      if (facts.operation !== 'chat' || facts.stream || facts.finish_reason === 'content_filter') continue
      expect({ key, facts: { ...facts } }).toEqual({
        key,
        facts: { ...(without[key] as { facts: object }).facts },
      })
    }
    for (const step of steps) {
      if (step.facts.operation !== 'execute_tool') continue
      expect(decisionsOf([step])[step.key]).toMatchObject({ facts: (without[step.key] as { facts: object }).facts })
    }
  })

  it('has no attempt of a model that cannot fail, and none with faults=off', async () => {
    for (const query of [{}, { llm_error_rate: 1, faults: 'off' }]) {
      const { chats, attemptsOf } = await play(scenario, { seed: 'a', ...query })
      expect(chats.flatMap(attemptsOf)).toEqual([])
    }
  })

  it('fails by faults=failing_model as by its own rate', async () => {
    // One that says itself what its `faults` are takes no others.
    if (Object.hasOwn(scenarios.find(({ name }) => name === scenario)?.params ?? {}, 'faults')) return
    const own = await play(scenario, { seed: 'b', llm_error_rate: 0.7, faults: 'own' })
    const asked = await play(scenario, { seed: 'b', faults: 'own,failing_model:0.7' })
    expect(decisionsOf(asked.steps)).toEqual(decisionsOf(own.steps))
  })
})

describe('failures of a model', () => {
  const how = { rate: 1, attempts: 1, isStream: false, retryAfterS: () => 1 }
  const drawn = Array.from({ length: 4000 }, (_, index) => drawFailures(new Random(`failure-${index}`), how))
  const shareOf = (name: string) => drawn.filter(({ attempts: [first] }) => first?.name === name).length / drawn.length

  it('are rate limits by half', () => {
    expect(shareOf('rate_limited')).toBeCloseTo(0.5, 1)
    expect(shareOf('overloaded')).toBeCloseTo(0.2, 1)
    expect(shareOf('too_long')).toBeGreaterThan(0.03)
  })

  it('come as often as they are asked for, and are drawn once for all attempts', () => {
    const many = Array.from({ length: 4000 }, (_, index) =>
      drawFailures(new Random(`attempts-${index}`), { ...how, rate: 0.3, attempts: 3 }),
    )
    const failing = (attempt: number) => many.filter(({ attempts }) => attempts.length > attempt).length / many.length
    expect(failing(0)).toBeCloseTo(0.3, 1)
    expect(failing(2)).toBeLessThan(0.03)
    for (const { attempts, losesCall } of many) {
      const isFinal = ({ name }: (typeof attempts)[number]) => name === 'withheld' || name === 'too_long'
      expect(attempts.slice(0, -1).some(isFinal)).toBe(false)
      expect(losesCall).toBe(attempts.length === 3 || attempts.some(isFinal))
    }
  })
})

describe('a model that takes no more calls', () => {
  it('is left alone for as long as it asks', async () => {
    let waits = 0
    for (let seed = 0; seed < 30; seed++) {
      const { chats, attemptsOf } = await play('rag', { seed: `s${seed}`, llm_error_rate: 0.8, profile: 'measured' })
      for (const chat of chats)
        for (const [index, attempt] of attemptsOf(chat).entries()) {
          const { facts } = attempt
          if (facts.operation !== 'http_client' || facts.retry_after === undefined) continue
          expect(facts.status).toBe(429)
          expect(facts.retry_after).toMatch(/^[1-9]\d*$/)
          const wait = chat.events.find((event) => event.name === 'retry' && event.attempt === index + 1)
          if (wait?.name !== 'retry') continue
          waits++
          expect(wait.delay_ms).toBeGreaterThanOrEqual(1000 * Number(facts.retry_after))
        }
    }
    expect(waits).toBeGreaterThan(2)
  })
})

describe('a stream that breaks off', () => {
  it('keeps what had come, says no reason to end, and is not asked for again', async () => {
    const broken = []
    for (let seed = 0; seed < 40; seed++) {
      const { chats, attemptsOf, result } = await play('stream', { seed: `s${seed}`, llm_error_rate: 0.5 })
      const [chat] = chats
      const last = chat && attemptsOf(chat).at(-1)
      if (!chat || !last || chat.facts.operation !== 'chat' || last.status !== 'error' || statusOf(last) !== 200)
        continue
      broken.push(chat)
      expect(result.ok).toBe(false)
      expect([chat.error_type, last.error_type]).toEqual(['timeout', 'timeout'])
      expect(chat.facts.finish_reason).toBeUndefined()
      expect(chat.facts.output_tokens).toBeGreaterThan(0)
      expect(chat.events.filter(({ name }) => name === 'last_token')).toHaveLength(1)
    }
    expect(broken.length).toBeGreaterThan(0)
  })
})
