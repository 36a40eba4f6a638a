import { createServer } from 'node:http'
import { scenarios } from 'engine/scenarios/index'
import { Lifecycle } from 'service-kit/serve'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { listen } from '../../test/support/apps.ts'
import { createApp } from '../src/app.ts'
import type { Revelation } from '../src/reveal/reveal.ts'
import { simulateFile } from './support/simulated-file.ts'

/** Plays it in virtual time, sends all its spans to a receiver, and asks what each of its traces reveals. */
async function revealed(scenario: string, query: Record<string, string>): Promise<Revelation[]> {
  const { spans, traceIds, spanCount } = await simulateFile([scenario], { query })
  const { app } = createApp({ agents: [], allowedHosts: [], maxBytes: 64 * 1024 * 1024, lifecycle: new Lifecycle() })
  const server = createServer(app)
  onTestFinished(() => void server.close())
  const url = await listen(server)
  for (const body of spans.toString().trimEnd().split('\n')) {
    const headers = { 'Content-Type': 'application/json' }
    expect((await fetch(`${url}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200)
  }
  const reveal = async (traceId: string) =>
    (await (await fetch(`${url}/traces/${traceId}/reveal`)).json()) as Revelation
  const answers = await Promise.all(traceIds.map(reveal))
  const counts = answers.flatMap(({ aggregate }) => aggregate.map(({ count }) => count))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(spanCount)
  return answers
}

const namedIn = (answers: readonly Revelation[]) => answers.flatMap(({ observed }) => observed?.span_ids ?? [])

/** How each scenario plays without its own fault, and what it may do then that only looks like it. */
const lookalikes: Record<string, [without: Record<string, string>, those: Record<string, string>[]]> = {
  loop: [{ repeats: '0' }, by('poll', 'pages', 'retry', 'other_arguments')],
  silent: [{ flaws: '0' }, by('null_error', 'empty', 'page', 'asked_again')],
  hallucination: [{ hallucinations: '0' }, by('unavailable', 'forbidden', 'not_found', 'refused')],
  overflow: [{ fill: '0' }, [...by('cached_prefix', 'short_answer'), { fill: '0.9' }]],
  cascade: [{ trigger: 'none' }, by('retries', 'slow_tool', 'quota')],
  // It goes on in a trace of its own, whose root has no parent and was meant.
  handoff: [{ severed: '0' }, [{ human_delay_s: '3600' }]],
}

function by(...names: string[]): Record<string, string>[] {
  return names.map((lookalike) => ({ lookalike }))
}

describe.each(Object.entries(lookalikes))('spans of %s', (scenario, [without, those]) => {
  it.each(those)('name nothing that only looks like its fault: %o', async (lookalike) => {
    const answers = await revealed(scenario, { ...without, ...lookalike })
    const { finding } = scenarios.find(({ name }) => name === scenario) ?? {}
    for (const { kind, others } of answers) expect([kind, others]).toEqual([finding, []])
    expect(namedIn(answers)).toEqual([])
    expect(answers).toHaveLength(scenario === 'handoff' ? 2 : 1)
  })

  it('name the fault itself', async () => {
    expect(namedIn(await revealed(scenario, {}))).not.toEqual([])
  })

  it('are asked about every lookalike that there is', () => {
    const declared = scenarios.find(({ name }) => name === scenario)?.params.lookalike
    const asked = those.flatMap(({ lookalike }) => lookalike ?? [])
    const expected = declared && z.safeParse(declared, []).error?.issues[0]?.message
    expect(expected).toBe(declared && `one of ${['none', ...asked].join(', ')}`)
  })
})
