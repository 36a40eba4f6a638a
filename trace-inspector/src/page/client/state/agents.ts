import { signal } from '@preact/signals'
import type { Remedy } from 'contract/faults'
import type { FindingKind } from 'findings/kinds'
import type { AgentState } from '../../server/agents.ts'
import { getJson, messageOf } from './api.ts'

export type Agent = AgentState

/** A parameter as JSON Schema has it. */
export interface ParameterSchema {
  type?: 'integer' | 'number' | 'string' | 'boolean'
  enum?: string[]
  minimum?: number
  maximum?: number
  default?: string | number | boolean
  description?: string
}

export interface Scenario {
  name: string
  path: string
  description: string
  symptom: string
  missed: string
  reveals: string
  spans: { agent_app: string; tool_service: string }
  finding: FindingKind
  remedy: Remedy
  defaults: Record<string, string | number | boolean>
  parameters: { properties: Record<string, ParameterSchema> }
}

export const agents = signal<Agent[]>([])
/** By agent id. */
export const scenariosOf = signal<Readonly<Record<string, Scenario[]>>>({})
export const agentsProblem = signal('')
/** Whether trace-inspector was started without any: it shows what a file has. */
export const isWithoutAgents = signal(false)

/** Asks which agents there are, and what each can run. */
export async function loadAgents(): Promise<void> {
  try {
    const known = (await getJson<{ agents: Agent[] }>('/agents')).agents
    const lists = await Promise.all(
      known
        .filter(({ is_up }) => is_up)
        .map(
          async ({ id }) =>
            [id, (await getJson<{ scenarios: Scenario[] }>(agentPath(id, 'scenarios'))).scenarios] as const,
        ),
    )
    scenariosOf.value = Object.fromEntries(lists)
    agents.value = known
    isWithoutAgents.value = known.length === 0
    agentsProblem.value =
      lists.length > 0 || known.length === 0
        ? ''
        : `No agent answers at ${known.map(({ id }) => id).join(', ')}: start one, or set AGENT_URLS`
  } catch (error) {
    agentsProblem.value = messageOf(error)
  }
}

export const agentPath = (agent: string, path: string) => `/agents/${encodeURIComponent(agent)}/${path}`

/** The agent that is meant: the named one, or the first that is there. */
export function agentFor(id: string): Agent | undefined {
  return agents.value.find((agent) => agent.id === id) ?? agents.value.find(({ is_up }) => is_up)
}

export function scenarioFor(agent: string, name: string): Scenario | undefined {
  const list = scenariosOf.value[agentFor(agent)?.id ?? ''] ?? []
  return list.find((scenario) => scenario.name === name) ?? (name === '' ? list[0] : undefined)
}

/** The scenario of this name, whoever offers it. */
export function anyScenario(name: string): Scenario | undefined {
  return Object.values(scenariosOf.value)
    .flat()
    .find((scenario) => scenario.name === name)
}

/** Parameters as a form has them. */
export const asTexts = (values: Readonly<Record<string, string | number | boolean>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
