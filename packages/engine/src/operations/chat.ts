import type { Attributes } from '@opentelemetry/api'
import type { Random } from 'contract/random'
import { ati, genAi } from 'dialects/gen-ai/semconv'
import { type Completion, drawCompletion, modelName, provider, sentence } from '../model.ts'
import type { Step } from '../step.ts'

export interface ChatOptions {
  /** Which of several calls of one agent. */
  index?: number
  /** Tokens sent beyond the prompt: history, retrieved text. */
  contextTokens?: number
  /** The tool call that the model asks for; without, it stops. */
  toolCall?: { id: string; tool: string }
  /** Why the model ends when it asks for no tool. */
  finishReason?: 'stop' | 'length'
  /** Names the step of a loop, from 0. */
  loopStep?: number
}

/** One call of the simulated model: it takes the drawn time and uses the drawn tokens. */
export function chat(agent: Step, options: ChatOptions): Promise<Completion> {
  const { run } = agent
  const key = options.index === undefined ? `${agent.key}/chat` : `${agent.key}/chat/${options.index}`
  const random = run.random.fork(key)
  const completion = drawCompletion(random, run.llmDelayMs, run.jitter, options.contextTokens ?? 0)
  const finishReason = options.toolCall ? 'tool_call' : (options.finishReason ?? 'stop')
  return agent.open(
    {
      key,
      operation: 'chat',
      name: `chat ${modelName}`,
      kind: 'client',
      spanKind: 'generation',
      injected: { drawn_ms: completion.delayMs },
      attributes: { ...chatAttributes, ...(options.loopStep !== undefined && { [ati.step]: options.loopStep }) },
    },
    async (step) => {
      await step.spend(completion.delayMs)
      step.set({
        ...responseAttributes(completion, finishReason),
        ...(options.toolCall && { [ati.toolCallId]: options.toolCall.id }),
      })
      if (run.captureContent) step.set(messages(random, finishReason, options.toolCall))
      return completion
    },
  )
}

/** Known before the model answers; samplers see these. */
export const chatAttributes: Attributes = {
  [genAi.operationName]: 'chat',
  [genAi.providerName]: provider,
  [genAi.requestModel]: modelName,
}

/** Known once it has. */
export function responseAttributes(completion: Omit<Completion, 'delayMs'>, finishReason: string): Attributes {
  return {
    [genAi.responseModel]: modelName,
    [genAi.responseId]: completion.responseId,
    [genAi.finishReasons]: [finishReason],
    [genAi.inputTokens]: completion.inputTokens,
    [genAi.outputTokens]: completion.outputTokens,
  }
}

/** What was asked and answered, as content on the span. */
function messages(random: Random, finishReason: string, toolCall: ChatOptions['toolCall']): Attributes {
  const answer = toolCall
    ? { role: 'assistant', parts: [{ type: 'tool_call', id: toolCall.id, name: toolCall.tool, arguments: {} }] }
    : textMessage('assistant', sentence(random, 16))
  return {
    [genAi.inputMessages]: JSON.stringify([textMessage('user', sentence(random, 24))]),
    [genAi.outputMessages]: JSON.stringify([{ ...answer, finish_reason: finishReason }]),
  }
}

/** A message as the GenAI conventions' schemas have it. */
export function textMessage(role: 'user' | 'assistant', content: string) {
  return { role, parts: [{ type: 'text', content }] }
}
