import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

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

// OTELCOL_BIN is the path of a Collector; without it these are skipped.
describe.runIf(collector !== '')('the real Collector (OTELCOL_BIN)', () => {
  it.each(recipes)('takes the recipe for %s, but for parts that it lacks', async (recipe) => {
    const faults = await faultsOf(recipe)
    const lacking = faults.filter((fault) => fault.includes('unknown type'))
    if (lacking.length > 0) console.warn(`${recipe} is not checked by this Collector: ${lacking.join('; ')}`)
    expect(faults).toEqual(lacking)
  })

  it('takes most of them whole', async () => {
    const faults = await Promise.all(recipes.map(faultsOf))
    expect(faults.filter(({ length }) => length === 0).length).toBeGreaterThanOrEqual(6)
  })
})
