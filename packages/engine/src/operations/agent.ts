import type { FactsOf } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import { businessNameOf } from '../business.ts'
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

/**
 * An agent: its instance is `worker:7`, its definition `worker:v1`, both behind the mesh's prefix. In a blind run it has a
 * name of a business, and its instance an id that says nothing of its place.
 */
export function agentOpening(run: RunContext, name: string, { index, facts, dependsOn }: AgentOptions): Opening {
  const key = index === undefined ? name : `${name}/${index}`
  const agent = run.isBlind ? businessNameOf(name) : name
  const instance = run.isBlind ? run.random.identifier(`${key}/id`, 8) : index
  const definition = `${run.agentPrefix}${agent}:v1`
  return {
    key,
    agentId: index === undefined ? definition : `${run.agentPrefix}${agent}:${instance}`,
    facts: {
      operation: 'invoke_agent',
      agent,
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
