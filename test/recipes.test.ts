import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startCollector } from '../trace-inspector/test/support/backend.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = `${root}deploy/collector/`
const recipes = readdirSync(folder).map((file) => file.replace('.yaml', ''))
const textOf = (recipe: string) => readFileSync(`${folder}${recipe}.yaml`, 'utf8')

/** The variables of the environment that a recipe reads. */
const variablesOf = (recipe: string) => [
  ...new Set([...textOf(recipe).matchAll(/\$\{env:(\w+)/g)].map(([, name]) => name as string)),
]

describe.each(recipes)('the recipe for %s', (recipe) => {
  it('says what it reads, and Compose hands all of it on', () => {
    const compose = readFileSync(`${root}docker-compose.backend.yml`, 'utf8')
    for (const variable of variablesOf(recipe)) {
      expect(textOf(recipe)).toMatch(new RegExp(`^#   ${variable} +\\S`, 'm'))
      expect(compose).toMatch(new RegExp(`^      ${variable}:$`, 'm'))
    }
    expect(compose).toContain(recipe)
  })

  it('leaves trace-inspector in the pipeline, so that what arrives can be verified', () => {
    expect(textOf(recipe)).toMatch(/traces:\n +exporters: \[debug, otlp_http\/inspector, /)
  })

  it('stands in docs/pipelines.md', () => {
    expect(readFileSync(`${root}docs/pipelines.md`, 'utf8')).toContain(`(../deploy/collector/${recipe}.yaml)`)
  })
})

const collector = process.env.OTELCOL_BIN ?? ''
const validate = promisify(execFile)

/** What the Collector says against a recipe, a fault a line, without the heading of them all. */
async function faultsOf(recipe: string): Promise<string[]> {
  const configs = [`${root}otel-collector/config.yaml`, `${folder}${recipe}.yaml`].map((file) => `--config=${file}`)
  const given = variablesOf(recipe).map((name) => [name, name.endsWith('ENDPOINT') ? 'http://127.0.0.1:9' : 'given'])
  try {
    await validate(collector, ['validate', ...configs], { env: Object.fromEntries(given) as NodeJS.ProcessEnv })
    return []
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr)
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.endsWith('due to the following error(s):'))
  }
}

/** A span as the services send one. */
const request = {
  resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'chat' }] }] }],
}

/** What the backend of a recipe is asked, by a Collector that got a span: path and headers. */
async function askedBy(recipe: string, variables: (url: string) => Record<string, string>) {
  const backend = createServer((_req, res) => res.setHeader('Content-Type', 'application/x-protobuf').end())
  await once(backend.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
  const asked = once(backend, 'request') as Promise<[{ url: string; headers: IncomingHttpHeaders }]>
  const alone = `service::pipelines::traces::exporters: [debug, otlp_http/${recipe}]`
  const { url: to, stop } = await startCollector(
    ['config.yaml', `../deploy/collector/${recipe}.yaml`],
    [alone],
    variables(url),
  )
  try {
    const headers = { 'Content-Type': 'application/json' }
    expect((await fetch(`${to}/v1/traces`, { method: 'POST', headers, body: JSON.stringify(request) })).status).toBe(
      200,
    )
    const [{ url: path, headers: sent }] = await asked
    return { path, headers: sent }
  } finally {
    await stop()
    backend.closeAllConnections()
    backend.close()
  }
}

// OTELCOL_BIN is the path of a Collector; without it these are skipped.
describe.runIf(collector !== '')('the real Collector (OTELCOL_BIN)', () => {
  it.each(recipes)('takes the recipe for %s, but for parts that it lacks', async (recipe) => {
    const faults = await faultsOf(recipe)
    const lacking = faults.filter((fault) => fault.includes('unknown type'))
    if (lacking.length > 0) console.warn(`${recipe} is not checked by this Collector: ${lacking.join('; ')}`)
    expect(faults).toEqual(lacking)
  })

  it.each([
    [
      'langfuse',
      (url: string) => ({ LANGFUSE_HOST: url, LANGFUSE_AUTH: 'cGs6c2s=' }),
      '/api/public/otel/v1/traces',
      { authorization: 'Basic cGs6c2s=', 'x-langfuse-ingestion-version': '4' },
    ],
    [
      'phoenix',
      (url: string) => ({ PHOENIX_ENDPOINT: url, PHOENIX_API_KEY: 'secret' }),
      '/v1/traces',
      { authorization: 'Bearer secret' },
    ],
    [
      'mlflow',
      (url: string) => ({ MLFLOW_ENDPOINT: url, MLFLOW_EXPERIMENT_ID: '7' }),
      '/v1/traces',
      { 'x-mlflow-experiment-id': '7' },
    ],
    [
      'tempo',
      (url: string) => ({ TEMPO_ENDPOINT: `${url}/otlp`, TEMPO_AUTH: 'MTp0', TEMPO_TENANT: 'us' }),
      '/otlp/v1/traces',
      { authorization: 'Basic MTp0', 'x-scope-orgid': 'us' },
    ],
    [
      'honeycomb',
      (url: string) => ({ HONEYCOMB_ENDPOINT: url, HONEYCOMB_API_KEY: 'secret' }),
      '/v1/traces',
      { 'x-honeycomb-team': 'secret' },
    ],
  ])('sends what %s is to get where it is to get it', async (recipe, variables, path, headers) => {
    const asked = await askedBy(recipe, variables)
    expect(asked.path).toBe(path)
    expect(asked.headers).toMatchObject({ 'content-type': 'application/x-protobuf', ...headers })
  })

  it('takes most of them whole', async () => {
    const faults = await Promise.all(recipes.map(faultsOf))
    expect(faults.filter(({ length }) => length === 0).length).toBeGreaterThanOrEqual(6)
  })
})
