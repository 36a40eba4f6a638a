import type { FactsOf } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import { provider } from '../model.ts'
import type { RunContext } from '../run-context.ts'
import type { Opening } from '../open-step.ts'

type AgentFacts = FactsOf<'invoke_agent'>

export interface AgentOptions {
  /** Which of several agents of this name. */
  index?: number
  /** What is to be said of it, beside who it is. */
  facts?: Partial<Omit<AgentFacts, 'operation' | 'agent' | 'definition' | 'provider' | 'conversation_id'>>
  dependsOn?: readonly LedgerStep[]
}

/** An agent: its instance is `worker:7`, its definition `worker:v1`, both behind the mesh's prefix. */
export function agentOpening(run: RunContext, name: string, { index, facts, dependsOn }: AgentOptions): Opening {
  const definition = `${run.agentPrefix}${name}:v1`
  return {
    key: index === undefined ? name : `${name}/${index}`,
    agentId: index === undefined ? definition : `${run.agentPrefix}${name}:${index}`,
    facts: {
      operation: 'invoke_agent',
      agent: name,
      role: 'worker',
      definition,
      provider,
      conversation_id: run.conversationId,
      ...facts,
    },
    dependsOn,
  }
}

export function workflowOpening(run: RunContext): Opening {
  return {
    key: 'workflow',
    agentId: `${run.agentPrefix}workflow:v1`,
    facts: { operation: 'invoke_workflow', workflow: run.facts.workflow },
  }
}
