import type { Attributes } from '@opentelemetry/api'
import { genAi, openInferenceKind } from 'dialects/gen-ai/semconv'
import type { LedgerStep } from 'contract/ledger'
import { provider } from '../model.ts'
import type { RunContext } from '../run-context.ts'
import type { Opening } from '../opening.ts'

export interface AgentOptions {
  /** Which of several agents of this name. */
  index?: number
  attributes?: Attributes
  dependsOn?: readonly LedgerStep[]
}

/** Agents that decide what others do; all else are workers. */
const planners = new Set(['planner', 'react'])

/** An agent: its instance is `worker:7`, its definition `worker:v1`, both behind the mesh's prefix. */
export function agentOpening(run: RunContext, name: string, { index, attributes, dependsOn }: AgentOptions): Opening {
  return {
    key: index === undefined ? name : `${name}/${index}`,
    operation: 'invoke_agent',
    name: `invoke_agent ${name}`,
    kind: 'internal',
    spanKind: planners.has(name) ? 'planner' : 'worker',
    agentId: `${run.agentPrefix}${name}:${index ?? 'v1'}`,
    attributes: {
      [genAi.operationName]: 'invoke_agent',
      [genAi.providerName]: provider,
      [genAi.agentName]: name,
      [genAi.agentId]: `${run.agentPrefix}${name}:v1`,
      ...(run.conversationId !== undefined && { [genAi.conversationId]: run.conversationId }),
      ...attributes,
    },
    ...(dependsOn && { dependsOn }),
  }
}

export function workflowOpening(run: RunContext, name: string): Opening {
  return {
    key: 'workflow',
    operation: 'invoke_workflow',
    name: `invoke_workflow ${name}`,
    kind: 'internal',
    spanKind: 'workflow',
    agentId: `${run.agentPrefix}workflow:v1`,
    attributes: {
      [genAi.operationName]: 'invoke_workflow',
      [genAi.workflowName]: name,
      [openInferenceKind]: 'CHAIN',
    },
  }
}
