import { afterEach, describe, expect, test } from 'vitest'
import { programs } from '../support/backend.ts'
import type { Outcome } from '../../../cli/verify/runs.ts'
import type { Verification } from '../../src/verify/verify.ts'
import { type Pipeline, startPipeline, verdictsOf } from '../support/pipeline.ts'

let pipeline: Pipeline | undefined

afterEach(async () => {
  await pipeline?.stop()
  pipeline = undefined
})

const config = 'config.yaml'
// OTELCOL_BIN is the path of a Collector with the contrib processors, 0.155 or later.
describe.runIf(programs.collector)('through the real Collector', () => {
  test('every scenario is complete, large ones too', async () => {
    pipeline = await startPipeline([config])
    const outcomes = await pipeline.verify()
    expect(verdictsOf(outcomes)).toEqual(outcomes.map(({ scenario }) => [scenario, 'complete']))
    expect(outcomes.length).toBeGreaterThanOrEqual(8)
    const large = await pipeline.verify([
      'fanout?fanout=1500&concurrency=500&delay_ms=1&thoughts=0',
      'chain?depth=1000&delay_ms=0&thoughts=0',
    ])
    expect(verdictsOf(large)).toEqual([
      ['fanout', 'complete'],
      ['chain', 'complete'],
    ])
  })

  test('what a processor does to spans is reported, and nothing else is', async () => {
    const statements = [
      'delete_key(attributes, "gen_ai.tool.call.id")',
      'set(name, "saved") where name == "checkpoint"',
    ]
    pipeline = await startPipeline(
      [config],
      [
        `processors::transform::trace_statements: [{ context: span, statements: ${JSON.stringify(statements)} }]`,
        'service::pipelines::traces::processors: [memory_limiter, transform, batch]',
      ],
    )
    const [outcome] = await pipeline.verify(['fanout?fanout=3&delay_ms=1'])
    expect(outcome?.verification).toMatchObject({
      verdict: 'altered',
      counts: { differences: 4, renamed: 1, attribute_lost: 3 },
    })
  })

  test('one that blanks messages and scopes, drops resource attributes and makes doubles of integers is named', async () => {
    const statements = [
      'set(span.status.message, "")',
      'set(scope.name, "")',
      'keep_keys(resource.attributes, ["service.name"])',
      'set(span.attributes["ati.checkpoint.size_kb"], Double(span.attributes["ati.checkpoint.size_kb"])) where span.name == "checkpoint"',
    ]
    pipeline = await startPipeline(
      [config],
      [
        `processors::transform::trace_statements: ${JSON.stringify(statements)}`,
        'service::pipelines::traces::processors: [memory_limiter, transform, batch]',
      ],
    )
    const [outcome] = await pipeline.verify(['chain?depth=2&delay_ms=1&error_rate=1'])
    const { verdict, counts, differences } = (outcome as Outcome).verification as Verification
    expect(verdict).toBe('altered')
    expect(counts.scope_changed).toBeGreaterThan(0)
    expect(counts.status_message_changed).toBeGreaterThan(0)
    expect(counts).toMatchObject({ resource_changed: 1, attribute_changed: 1, attribute_lost: 0, attribute_added: 0 })
    expect(counts.differences).toBe(counts.scope_changed + counts.status_message_changed + 2)
    const resource = differences.find(({ kind }) => kind === 'resource_changed')
    expect(resource?.expected).toMatchObject({
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.language': 'nodejs',
    })
    expect(differences.find(({ kind }) => kind === 'attribute_changed')?.actual).toEqual({
      'ati.checkpoint.size_kb': { double: 64 },
    })
  })

  test('tail sampling takes whole traces, but for agents that wait longer than it does', async () => {
    pipeline = await startPipeline([config, 'tail-sampling.yaml'], [policies(0)], { TAIL_DECISION_WAIT: '4s' })
    const long = pipeline.verify(['human?human_delay_s=8&delay_ms=1'], { waitS: 20 })
    const quick = 'human?human_delay_s=0&delay_ms=1&llm_delay_ms=1'
    const broken = 'chain?depth=2&delay_ms=1&error_rate=1'
    const slow = 'human?human_delay_s=1.6&delay_ms=1'
    const outcomes = await pipeline.verify([quick, broken, quick, slow, quick], { waitS: 20 })
    expect(verdictsOf(outcomes).map(([, verdict]) => verdict)).toEqual([
      'absent',
      'complete',
      'absent',
      'complete',
      'absent',
    ])
    const [{ verification } = {}] = await long
    // Its chats and its first call were judged by themselves; its end was slow.
    expect(verification).toMatchObject({ verdict: 'incomplete', counts: { expected: 13, received: 8, missing: 5 } })
    expect(verification?.counts.differences).toBe(5)
  })
})

/** The policies of tail-sampling.yaml, with another share of the rest, and slow at a second and a half. */
function policies(percentage: number): string {
  return `processors::tail_sampling::policies: ${JSON.stringify([
    { name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
    { name: 'slow', type: 'latency', latency: { threshold_ms: 1500 } },
    { name: 'rest', type: 'probabilistic', probabilistic: { sampling_percentage: percentage } },
  ])}`
}
