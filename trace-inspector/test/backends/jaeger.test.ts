import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectorJudge, jaegerJudge } from '../../../cli/verify/judge.ts'
import { programs, startJaeger } from '../support/backend.ts'
import { type Pipeline, startPipeline, verdictsOf } from '../support/pipeline.ts'

// OTELCOL_BIN and JAEGER_BIN are the paths of a Collector and of Jaeger 1.x all-in-one.
describe.runIf(programs.collector && programs.jaeger)('read back from the real Jaeger', () => {
  let jaeger: Awaited<ReturnType<typeof startJaeger>>
  let pipeline: Pipeline

  beforeAll(async () => {
    jaeger = await startJaeger()
    pipeline = await startPipeline(
      ['config.yaml', 'jaeger.yaml'],
      [`exporters::otlp_http/jaeger::endpoint: ${jaeger.url}`],
    )
  })
  afterAll(async () => {
    await pipeline.stop()
    await jaeger.stop()
  })

  test('every scenario is complete, by the same rules', async () => {
    const judge = jaegerJudge(jaeger.queryUrl, [pipeline.agent.url])
    const outcomes = await pipeline.verify([], { judge })
    expect(verdictsOf(outcomes)).toEqual(outcomes.map(({ scenario }) => [scenario, 'complete']))
    expect(outcomes[0]?.verification?.not_carried.slice(0, 3)).toEqual([
      'times finer than a microsecond',
      'lists: they come as their JSON text',
      'flags, and counts of what was dropped',
    ])
  })

  test('the inspector behind the same Collector says so too, and reveals the same', async () => {
    const [outcome] = await pipeline.verify(['fanout?fanout=50&delay_ms=20'])
    const traceId = outcome?.trace_id as string
    const fromInspector = await inspectorJudge(pipeline.inspectorUrl).judge(traceId, 30)
    const fromJaeger = await jaegerJudge(jaeger.queryUrl, [pipeline.agent.url]).judge(traceId, 30)
    expect([fromInspector.verification.verdict, fromJaeger.verification.verdict]).toEqual(['complete', 'complete'])
    expect(fromJaeger.revelation?.observed?.span_ids).toEqual(fromInspector.revelation?.observed?.span_ids)
  })
})
