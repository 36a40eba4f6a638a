import { type Catalog, jsonSchemaOf, type Offer } from 'engine/catalog'
import { ledgerJsonSchema } from 'contract/ledger'

type Schema = { properties?: Record<string, object> }

const problem = {
  description: 'Problem details (RFC 9457)',
  content: { 'application/problem+json': { schema: { type: 'object' } } },
}
const json = { 200: { description: 'OK', content: { 'application/json': { schema: { type: 'object' } } } } }
const runProblems = { 400: problem, 404: problem, 502: problem, 503: problem, 504: problem }

function parametersOf(offers: readonly Offer[]) {
  const byName = new Map<string, { schema: object; takers: string[] }>()
  for (const { scenario, schema } of offers) {
    for (const [name, property] of Object.entries((jsonSchemaOf(schema) as Schema).properties ?? {})) {
      const known = byName.get(name)
      if (known) known.takers.push(scenario.name)
      else byName.set(name, { schema: property, takers: [scenario.name] })
    }
  }
  return [...byName].map(([name, { schema, takers }]) => ({
    name,
    in: 'query',
    required: false,
    schema,
    ...(takers.length < offers.length && { description: `With ${takers.join(', ')}` }),
  }))
}

/** The HTTP API as OpenAPI 3.1, read off the catalog. Where scenarios differ in a default, `/scenarios` has each one's own. */
export function openApi(catalog: Catalog) {
  const runs = catalog.offers.filter(({ scenario }) => scenario.path === '/run')
  const streams = catalog.offers.filter(({ scenario }) => scenario.path === '/stream')
  const scenario = {
    name: 'scenario',
    in: 'query',
    required: false,
    schema: { type: 'string', enum: runs.map((offer) => offer.scenario.name), default: 'fanout' },
  }
  return {
    openapi: '3.1.0',
    info: { title: 'agent-app', version: '0.1.0', description: 'Simulated agents that leave real traces' },
    paths: {
      '/run': {
        get: {
          summary: 'Runs a scenario',
          parameters: [scenario, ...parametersOf(runs)],
          responses: { ...json, ...runProblems },
        },
      },
      '/stream': {
        get: {
          summary: 'Streams tokens while tools run in the background',
          parameters: parametersOf(streams),
          responses: {
            200: {
              description: 'Lines, or server-sent events',
              content: {
                'text/plain': { schema: { type: 'string' } },
                'text/event-stream': { schema: { type: 'string' } },
              },
            },
            400: problem,
            503: problem,
          },
        },
      },
      '/runs': { get: { summary: 'Recent runs', responses: json } },
      '/runs/{trace_id}': {
        get: {
          summary: 'The ledger of the runs of a trace',
          parameters: [
            { name: 'trace_id', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{32}$' } },
          ],
          responses: {
            200: { description: 'OK', content: { 'application/json': { schema: ledgerJsonSchema } } },
            400: problem,
            404: problem,
          },
        },
      },
      '/scenarios': { get: { summary: 'What can be run', responses: json } },
      '/telemetry': { get: { summary: 'What happened to the spans', responses: json } },
      '/health': { get: { summary: 'Whether the process lives', responses: json } },
      '/ready': { get: { summary: 'Whether it takes runs', responses: { ...json, 503: problem } } },
    },
  }
}
