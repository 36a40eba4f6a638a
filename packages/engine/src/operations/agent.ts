import type { FactsOf } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { SomeTokens } from 'contract/usage'
import { businessNameOf } from '../business.ts'
import { provider } from '../model.ts'
import type { RunContext } from '../run-context.ts'
import type { Opening, OpenStep } from '../open-step.ts'
import { usageIn } from '../summary.ts'

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

/** An agent that has done its work says what its model calls used, where its telemetry does that. */
export function tellingUsage<T>(agent: OpenStep, work: Promise<T>): Promise<T> {
  const { quirks, ledger } = agent.run
  if (!quirks.has('usage_repeated') && !quirks.has('usage_on_parent')) return work
  return work.finally(() => agent.learn<'invoke_agent'>(usageBelow(agent.record, ledger.steps)))
}

/** Of its own calls: an agent below it has others. */
function usageBelow(agent: LedgerStep, steps: readonly LedgerStep[]): SomeTokens {
  const own = steps.slice(agent.id)
  const chats = own.filter(({ parent_id, facts }) => parent_id === agent.id && facts.operation === 'chat')
  if (chats.length === 0) return {}
  const ids = new Set(chats.map(({ id }) => id))
  const { input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens } = usageIn([
    agent,
    ...chats,
    ...own.filter(({ parent_id }) => parent_id !== null && ids.has(parent_id)),
  ])
  return { input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens }
}
