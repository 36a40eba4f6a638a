import type { Random } from 'contract/random'
import { ati, genAi, openInferenceKind } from 'dialects/gen-ai/semconv'
import type { ToolAnswer } from 'contract/tool'
import { ToolFailure } from '../errors.ts'
import { provider } from '../model.ts'
import type { Step } from '../step.ts'
import { toolDescriptions } from '../tools.ts'
import { type CallBehavior, withRetries } from './attempt.ts'

export interface ToolCallOptions extends CallBehavior {
  /** Which of several calls of one agent. */
  index?: number
  /** The call that a model asked for; drawn where none did. */
  callId?: string
  /** Names the step of a loop, from 0. */
  loopStep?: number
}

/** An identifier for a tool call, as a model would give it. */
export function callIdOf(random: Random, key: string): string {
  return `call_${random.identifier(key, 24)}`
}

/** One logical call. Whoever reads along hears of its end. */
export async function executeTool(agent: Step, tool: string, options: ToolCallOptions): Promise<ToolAnswer> {
  const { run } = agent
  const startMs = run.clock.now()
  const report = (ok: boolean) =>
    run.emit({ type: 'tool', index: options.index ?? 0, tool, ok, duration_ms: run.clock.now() - startMs })
  try {
    const answer = await callTool(agent, tool, options)
    await report(true)
    return answer
  } catch (error) {
    if (error instanceof ToolFailure) await report(false)
    throw error
  }
}

function callTool(agent: Step, tool: string, options: ToolCallOptions): Promise<ToolAnswer> {
  const { run } = agent
  const key = options.index === undefined ? `${agent.key}/call` : `${agent.key}/call/${options.index}`
  const callId = options.callId ?? callIdOf(run.random, `${key}/id`)
  const description = (toolDescriptions as Record<string, string>)[tool]
  return agent.open(
    {
      key,
      operation: 'execute_tool',
      name: `execute_tool ${tool}`,
      kind: 'internal',
      spanKind: 'tool_call',
      // A factor of 1 is no fault: nothing could be seen of it.
      ...(options.slowdown && options.slowdown.factor > 1 && { injected: { fault: options.slowdown.fault } }),
      attributes: {
        [genAi.operationName]: 'execute_tool',
        [genAi.toolName]: tool,
        [genAi.toolCallId]: callId,
        [genAi.toolType]: 'function',
        ...(description && { [genAi.toolDescription]: description }),
        ...askedAttributes(tool, options),
      },
    },
    async (call) => {
      if (run.captureContent) call.set({ [genAi.toolArguments]: JSON.stringify({ query: key }) })
      const answer = await withRetries(call, tool, options)
      if (run.captureContent) call.set({ [genAi.toolResult]: JSON.stringify({ tool, ok: answer.ok }) })
      return answer
    },
  )
}

/** Fetches `documents` documents; their text is the answer's payload, their ids and scores are content on the span. */
export function retrieve(
  agent: Step,
  source: string,
  options: ToolCallOptions & { documents: number },
): Promise<ToolAnswer> {
  const { run } = agent
  return agent.open(
    {
      key: `${agent.key}/retrieval`,
      operation: 'retrieval',
      name: `retrieval ${source}`,
      kind: 'client',
      spanKind: 'tool_call',
      attributes: {
        [genAi.operationName]: 'retrieval',
        [genAi.providerName]: provider,
        [genAi.dataSourceId]: source,
        [openInferenceKind]: 'RETRIEVER',
        ...askedAttributes(source, options),
      },
    },
    async (call) => {
      const answer = await withRetries(call, source, options)
      if (run.captureContent) call.set({ [genAi.retrievalDocuments]: documentsJson(call.random, options.documents) })
      return answer
    },
  )
}

function documentsJson(random: Random, count: number): string {
  const documents = Array.from({ length: count }, (_, index) => ({ id: `doc-${index}`, score: random.float() }))
  return JSON.stringify(documents.toSorted((a, b) => b.score - a.score))
}

/** What the run was asked for, the same on every call of it: a culprit's span must not say that it is one. */
function askedAttributes(tool: string, options: ToolCallOptions) {
  return {
    [ati.toolName]: tool,
    [ati.toolDelayMs]: Math.round(options.delayMs),
    [ati.toolErrorRate]: options.errorRate,
    ...(options.payloadKb !== undefined && { [ati.toolPayloadKb]: options.payloadKb }),
    ...(options.retry && { [ati.retryMax]: options.retry.maxRetries }),
    ...(options.loopStep !== undefined && { [ati.step]: options.loopStep }),
  }
}
