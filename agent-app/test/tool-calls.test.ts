import { fc } from '../../test/support/properties.ts'
import { createServer } from 'node:http'
import { Random } from 'contract/random'
import { argumentsFor, flaws, longestArguments, toolboxNames } from 'contract/toolbox'
import { ToolFailure } from 'engine/errors'
import type { OpenSpan, ToolCall, Tools } from 'engine/ports'
import { VirtualClock } from 'engine/virtual/clock'
import { drive } from 'engine/virtual/drive'
import { VirtualTools } from 'engine/virtual/tools'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen, toolApp } from '../../test/support/apps.ts'
import { ToolClient } from '../src/tool-client/client.ts'

const server = createServer(toolApp().app)
let real: ToolClient
beforeAll(async () => {
  real = new ToolClient(await listen(server), 60_000)
})
afterAll(async () => {
  await real.close()
  server.closeAllConnections()
  server.close()
})

const span: OpenSpan = { id: '', open: () => span, learn() {}, event() {}, fail() {}, end() {}, inject() {}, link() {} }
const never = new AbortController().signal

/** What became of a call: all that an agent hears of it. */
async function heard(tools: Tools, call: ToolCall): Promise<unknown> {
  try {
    const { tool, delay_ms, ok, service, result } = await tools.call(call, span, never)
    return { tool, delay_ms, ok, service, result }
  } catch (error) {
    if (error instanceof ToolFailure) return { error: error.errorType, message: error.message, answer: error.answer }
    throw error
  }
}

async function heardInVirtualTime(call: ToolCall): Promise<unknown> {
  const clock = new VirtualClock(0)
  let said: unknown
  await drive([{ clock, result: heard(new VirtualTools(clock), call) }].values(), (result) => void (said = result))
  return said
}

test('a tool that is silent while this process is held up is silent, and no tool that is not there', async () => {
  const silent = createServer(() => {})
  const tools = new ToolClient(await listen(silent), 10)
  const behavior = { delayMs: 0, errorRate: 0, fails: false, payloadKb: 0, seed: 'a', key: 'worker/1/call/0' }
  const call = heard(tools, { tool: 'search', ...behavior })
  // Once it has begun to connect: its time is over before it can hear that it has.
  process.nextTick(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50))
  expect(await call).toMatchObject({ error: 'timeout' })
  await tools.close()
  silent.closeAllConnections()
  silent.close()
})

const seed = fc.stringMatching(/^[a-z0-9]{1,8}$/)
const asked = fc.oneof(
  fc.record({ tool: fc.constantFrom(...toolboxNames), seed }).map(({ tool, seed }) => ({
    tool,
    text: JSON.stringify(argumentsFor(new Random(seed), tool)),
  })),
  fc.record({
    tool: fc.constantFrom('search', 'calculator', 'serach', '__proto__', 'constructor', 'toString', 'a/b', 'ü'),
    text: fc.oneof(
      fc.json({ maxDepth: 2 }),
      fc.constantFrom('', '{', '[]', 'null', '{"query":"größer & besser=1;"}', '{"query":"x","__proto__":1}'),
      fc.constant(`{"query":"${'x'.repeat(longestArguments)}"}`),
    ),
  }),
)

test('a call is heard the same over HTTP and in virtual time: what is answered, and what is refused', async () => {
  const call = fc.record({ asked, seed, flaw: fc.constantFrom(undefined, ...flaws), version: fc.nat({ max: 3 }) })
  const kinds = new Set<number>()
  await fc.assert(
    fc.asyncProperty(call, async ({ asked: { tool, text }, seed, flaw, version }) => {
      const behavior = { tool, delayMs: 1.5, errorRate: 0, fails: false, payloadKb: 0, seed, key: 'worker/1/call/0' }
      const one: ToolCall = { ...behavior, asked: { text, isDrawn: false }, flaw, version }
      const answer = await heard(real, one)
      expect(await heardInVirtualTime(one)).toEqual(answer)
      kinds.add((answer as { answer?: { status: number } }).answer?.status ?? 200)
    }),
    { numRuns: 150 },
  )
  expect([...kinds].toSorted((a, b) => a - b)).toEqual([200, 400, 404, 422])
})
