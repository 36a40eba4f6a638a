import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { notCompared } from '../../trace-inspector/src/verify/transport.ts'
import { attributeTables } from './attributes.ts'
import { configurationTable } from './configuration.ts'
import { agentEndpoints, inspectorEndpoints, toolEndpoints } from './endpoints.ts'
import { layerTable } from './layers.ts'
import { plantedTable } from './planted.ts'
import { parameterTables, scenarioTable } from './scenarios.ts'
import { categoryTable, kindTable } from './taxonomy.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What can stand between `<!-- generated: NAME -->` and `<!-- /generated -->`. */
const parts: Record<string, () => string | Promise<string>> = {
  scenarios: scenarioTable,
  parameters: parameterTables,
  planted: plantedTable,
  layers: layerTable,
  'agent-app': agentEndpoints,
  'tool-service': toolEndpoints,
  'trace-inspector': inspectorEndpoints,
  configuration: configurationTable,
  attributes: attributeTables,
  kinds: kindTable,
  categories: categoryTable,
  'not-compared': () => notCompared.map((what) => `- ${what}`).join('\n'),
  example: () => `\`\`\`ts\n${readFileSync(`${root}docs/examples/relay.ts`, 'utf8')}\`\`\``,
}

/** Every document for people: their whole paths. */
export function documents(): string[] {
  const inFolder = (folder: string, isDeep: boolean) =>
    readdirSync(folder, { recursive: isDeep, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => folder + name)
  return [...inFolder(root, false), ...inFolder(`${root}docs/`, true)].toSorted()
}

const block = /(<!-- generated: ([\w-]+) -->\n)[^]*?(<!-- \/generated -->)/g

/** A document with its generated parts made anew. */
export async function withGeneratedParts(text: string, path: string): Promise<string> {
  const made = new Map<string, string>()
  for (const [, , name = ''] of text.matchAll(block)) {
    const part = parts[name]
    if (!part) throw new Error(`${path} asks for a part ${name}; there are ${Object.keys(parts).join(', ')}`)
    made.set(name, await part())
  }
  const filled = text.replace(
    block,
    (_all, open: string, name: string, close: string) => `${open}\n${made.get(name) ?? ''}\n\n${close}`,
  )
  return format(filled, { ...(await resolveConfig(path)), parser: 'markdown' })
}
