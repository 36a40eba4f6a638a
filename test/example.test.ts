import { createServer, type Server } from 'node:http'
import { Catalog } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import request from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { relay } from '../docs/examples/relay.ts'
import { parameterTables, scenarioTable } from '../scripts/docs/scenarios.ts'
import { listen, startApps } from './support/apps.ts'
import { runScript } from './support/scripts.ts'
import { demandOf, simulate } from './support/simulated.ts'

// What the documents promise of a scenario that is added: everything else is a reading of its literal.
const all = [...scenarios, relay]
let apps: Awaited<ReturnType<typeof startApps>>
let server: Server
let url: string

beforeAll(async () => {
  apps = await startApps({ scenarios: all })
  server = createServer(apps.app)
  url = await listen(server)
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await apps.close()
})

/** A span formula of a literal, such as `3 + 4 × editors`, as a number. */
function evaluate(formula: string, params: Readonly<Record<string, unknown>>): number {
  const term = (text: string) =>
    text
      .split(' × ')
      .map((factor) => Number(/^\d+$/.test(factor) ? factor : params[factor]))
      .reduce((product, factor) => product * factor, 1)
  return formula
    .split(' + ')
    .map(term)
    .reduce((sum, each) => sum + each, 0)
}

it.each(['/run?scenario=relay&', '/run/relay?'])('is run at %s, and leaves as many spans as it says', async (path) => {
  const { body } = await request(url).get(`${path}editors=3&delay_ms=1&llm_delay_ms=1&seed=a`).expect(200)
  expect(body).toMatchObject({ ok: true, scenario: 'relay', params: { editors: 3 } })
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0)
  expect(sum(body.spans.agent_app)).toBe(evaluate(relay.spans.agent_app, body.params))
  expect(sum(body.spans.tool_service)).toBe(evaluate(relay.spans.tool_service, body.params))
})

it('has its finding', async () => {
  const { finding, summary } = (await simulate(relay, { seed: 'a', editors: 4, jitter: 0 })).result
  expect(finding).toMatchObject({ kind: 'cumulative_latency', observed: { depth: 4, tools_ms: 320 } })
  expect(finding.text).toMatch(/^4 calls one after the other took \d+ ms: 320 ms in tools/)
  expect(summary.tool_calls).toBe(4)
})

it('has its limits, and says so', async () => {
  const { body } = await request(url).get('/run/relay?editors=0').expect(400)
  expect(body.errors).toEqual([{ parameter: 'editors', value: '0', expected: 'a whole number from 1 to 100' }])
  const other = await request(url).get('/run?fanout=1&editors=2').expect(400)
  expect(other.body.errors[0].expected).toBe('only with relay')
  const unknown = await request(url).get('/run?scenario=nothing').expect(404)
  expect(unknown.body.known).toContain('relay')
})

it('is admitted by what it declares', async () => {
  const { app, close } = await startApps({ scenarios: all, maxToolCalls: 1 })
  const small = createServer(app)
  const smallUrl = await listen(small)
  const first = fetch(`${smallUrl}/run/relay?editors=2&delay_ms=300`)
  await expect.poll(async () => (await request(smallUrl).get('/health')).body.in_flight).toBe(1)
  await request(smallUrl).get('/run/relay?editors=2').expect(503)
  expect((await first).status).toBe(200)
  small.close()
  await close()
  expect(demandOf(relay, { editors: 100 })).toEqual({ callsAtOnce: 1, calls: 100, steps: 503 })
})

it('is listed, with all that a form needs', async () => {
  const { body } = await request(url).get('/scenarios').set('Accept', 'application/json').expect(200)
  const listed = body.scenarios.find(({ name }: { name: string }) => name === 'relay')
  const { description, symptom, missed, reveals, finding, spans } = relay
  expect(listed).toMatchObject({ description, symptom, missed, reveals, finding, spans, defaults: { editors: 5 } })
  expect(listed.remedy).toEqual({ changes: { delay_ms: 0 }, label: 'tools that take no time' })
  const { type, minimum, maximum, description: told } = listed.parameters.properties.editors
  expect({ type, minimum, maximum, told }).toEqual({ type: 'integer', minimum: 1, maximum: 100, told: 'Editors' })
})

it('is in the OpenAPI document', async () => {
  const { body } = await request(url).get('/openapi.json').expect(200)
  expect(body.paths['/run/relay'].get.parameters).toContainEqual(
    expect.objectContaining({ name: 'editors', in: 'query' }),
  )
  const variants: { title: string }[] = body.paths['/run'].get.parameters[0].schema.oneOf
  expect(variants.map(({ title }) => title)).toContain('relay')
})

it('is in the menu, and run from there', async () => {
  const { code, output } = await runScript('generate_scenarios.sh', [], {
    env: { AGENT_BASE: url, SECONDARY_BASE: url },
    input: ['1', 'relay', 'editors=2', '', 'q'].join('\n'),
  })
  expect(output).toMatch(/^relay on primary: ok$/m)
  expect(output).toContain('--agent primary --scenario relay editors=2\n')
  expect(code).toBe(0)
})

it('is in the tables of the documents', () => {
  expect(scenarioTable(all)).toContain(`| \`/run?scenario=relay\` | ${relay.description} | ${relay.symptom} |`)
  const tables = parameterTables(new Catalog(all, { delayMs: 80, errorRate: 0 }))
  expect(tables).toContain('### relay\n')
  expect(tables).toContain('| `editors` | 1 to 100 | `5` | Editors |')
  expect(tables).toContain('Spans: 3 + 4 × editors in agent-app, editors in tool-service.')
})
