import { readFileSync } from 'node:fs'
import { scenarioNames } from 'contract/scenarios'
import { expect, test } from 'vitest'
import { complaintsAbout } from './support/typecheck.ts'

const relay = readFileSync(new URL('../docs/examples/relay.ts', import.meta.url), 'utf8')
const without = (part: string) => relay.replace(new RegExp(`^  ${part}: .*\n`, 'm'), '')

const registry = (entries: string) => `import type { ScenarioName } from 'contract/scenarios'
import type { Scenario } from 'engine/scenario'
import { scenarioOf } from 'engine/scenarios/index'
export const all = { ${entries} } satisfies { [Name in ScenarioName]: Scenario<Name> }
`
const allButChain = scenarioNames.flatMap((name) => (name === 'chain' ? [] : `${name}: scenarioOf.${name}`))

const dialect = (opening: string) => `import { defineDialect } from 'dialects/dialect'
import { table } from 'dialects/gen-ai/dialect'
const { checkpoint, ...others } = table.operations
const operations = { ...others, checkpoint: { ...checkpoint, opening: ${opening} } }
export const it = defineDialect('gen-ai', { ...table, operations })
`
const fault = (literal: string) => `import type { Fault } from 'contract/faults'\nexport const it: Fault = ${literal}\n`
const remedy = "remedy: { changes: { stragglers: 0 }, label: 'none' }"

/** Modules, and what the compiler must say of them; nothing where they are whole. */
const cases = {
  scenario: [relay, ''],
  scenarioWithoutSymptom: [without('symptom'), "'symptom' is missing"],
  scenarioWithoutMissed: [without('missed'), "'missed' is missing"],
  scenarioWithoutReveals: [without('reveals'), "'reveals' is missing"],
  scenarioWithoutFinding: [without('finding'), "'finding' is missing"],
  scenarioWithoutSpans: [without('spans'), "'spans' is missing"],
  scenarioWithoutDemand: [without('demand'), "'demand' is missing"],
  scenarioWithoutParams: [without('params'), "'editors'"],
  scenarioOfNoFinding: [relay.replace("'cumulative_latency'", "'bad_luck'"), '"bad_luck"'],
  demandWithoutCalls: [relay.replace('calls: editors, ', ''), "'calls' is missing"],
  registryOfAll: [registry('...scenarioOf'), ''],
  registryWithoutOne: [registry(allButChain.join(', ')), "'chain' is missing"],
  registryUnderAnotherName: [registry('...scenarioOf, chain: scenarioOf.dag'), 'type \'"chain"\''],
  dialectOfAll: [dialect('checkpoint.opening'), ''],
  dialectWithoutOne: [dialect('{}'), 'unwritten'],
  fault: [fault(`{ category: 'latency', multiplies: 'latency', ${remedy} }`), ''],
  faultWithoutEffect: [fault(`{ category: 'latency', ${remedy} }`), 'is not assignable'],
  faultWithoutRemedy: [fault("{ category: 'latency', multiplies: 'latency' }"), "'remedy' is missing"],
} as const

test('what a literal or a registry leaves out does not compile', () => {
  const sources = Object.fromEntries(Object.entries(cases).map(([name, [source]]) => [name, source]))
  const said = complaintsAbout(sources, import.meta.url)
  for (const [name, [, expected]] of Object.entries(cases)) {
    if (expected === '') expect(said[name], name).toBe('')
    else expect(said[name], name).toContain(expected)
  }
})
