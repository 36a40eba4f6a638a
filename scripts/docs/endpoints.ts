import { openApi as agentApi } from '../../agent-app/src/openapi.ts'
import { openApi as toolApi } from '../../tool-service/src/openapi.ts'
import { openApi as inspectorApi } from '../../trace-inspector/src/openapi.ts'
import { behaviorSchema } from 'contract/tool'
import { z } from 'zod'
import { code, table } from './markdown.ts'
import { catalog, defaults, parameterTable } from './scenarios.ts'

interface Operation {
  summary: string
  responses: Record<string, unknown>
}
type Paths = Record<string, { get?: Operation; head?: Operation; post?: Operation }>

/** Answers that any request may get, which `reference.md` says once. */
const always = new Set(['421', '431'])

/** An API as its OpenAPI document has it: a row a request. HEAD is not told, for it answers wherever GET is safe. */
function endpoints({ paths }: { paths: Paths }): string {
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    (['get', 'post'] as const).flatMap((method) => {
      const operation = operations[method]
      if (!operation) return []
      const answers = Object.keys(operation.responses).filter((status) => !always.has(status))
      return [[code(`${method.toUpperCase()} ${path}`), operation.summary, answers.join(', ')]]
    }),
  )
  return table(['Request', 'What it does', 'Answers'], rows)
}

export const agentEndpoints = () => endpoints(agentApi(catalog))
export function toolEndpoints(): string {
  const behavior = behaviorSchema(defaults)
  return `${endpoints(toolApi(behavior))}\n\n${parameterTable(behavior)}`
}
export const inspectorEndpoints = () => endpoints(inspectorApi(['agent-app'], { wait: z.object(), recent: z.object() }))
