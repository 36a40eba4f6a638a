import type { FactsOf, Stated } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { SomeTokens } from 'contract/usage'
import type { Random } from 'contract/random'
import { failureOf } from '../model-failures.ts'
import { type Completion, drawCompletion, modelName, provider } from '../model.ts'
import type { OpenStep } from '../open-step.ts'
import type { Context } from '../profile/profile.ts'
import { askModel } from './ask-model.ts'
import { addMessages, type AskedCall, type Message, textMessage } from './messages.ts'

type ChatFacts = Stated<FactsOf<'chat'>>

export interface ChatOptions {
  /** Which of several calls of one agent. */
  index?: number
  /** What it is sent beside the prompt. */
  context?: Context
  /** Which model, where it is not the usual one. */
  model?: string | undefined
  /** The tool call that the model asks for; without, it stops. */
  toolCall?: AskedCall | undefined
  /** What the conversation has come to, as content. */
  said?: Message[]
  /** Why the model ends when it asks for no tool. */
  finishReason?: 'stop' | 'length' | undefined
  /** Names the step of a loop, from 0. */
  loopStep?: number | undefined
  /** How many tokens the answer may have: a longer one is cut. */
  maxTokens?: number | undefined
  /** How many tokens the model holds, of prompt and answer: said where that matters. */
  window?: number | undefined
  /** What the user has said, which is on the span whatever else is. */
  told?: string | undefined
  /** It is sent more than that, and refused. Rejects with ModelFailure. */
  isTooLong?: boolean
}

/** One call of the simulated model: it draws what it takes and uses, and does so. Rejects with ModelFailure where nobody answers. */
export function chat(agent: OpenStep, options: ChatOptions): Promise<Completion> {
  const { run } = agent
  const { index } = options
  const key = index === undefined ? `${agent.key}/chat` : `${agent.key}/chat/${index}`
  const random = run.random.fork(key)
  const { completion, isCut } = held(drawCompletion(random, run, options.context), options, run)
  const modelFactor = run.planted.modelFactorOf(key)
  const delayMs = Math.min(completion.delayMs * modelFactor, run.profile.longestMs)
  const injected = modelFactor > 1 ? { drawn_ms: delayMs, fault: 'slow_model' as const } : { drawn_ms: delayMs }
  return converse(
    agent,
    key,
    { ...completion, delayMs },
    { ...options, ...(isCut && { finishReason: 'length' }), random, injected },
  )
}

/** An answer that has no more tokens than it may: it ends sooner. */
function held(
  completion: Completion,
  { maxTokens = Infinity }: ChatOptions,
  { profile, llmDelayMs }: OpenStep['run'],
): { completion: Completion; isCut: boolean } {
  const { outputTokens, reasoningTokens, delayMs } = completion
  if (outputTokens < maxTokens) return { completion, isCut: false }
  const lost = outputTokens - maxTokens
  const cut = {
    outputTokens: maxTokens,
    reasoningTokens: Math.min(reasoningTokens, maxTokens),
    delayMs: Math.max(0, delayMs - lost * profile.tokenMs(llmDelayMs)),
  }
  return { completion: { ...completion, ...cut }, isCut: true }
}

/** The same of a call that takes that time and uses these tokens. `random` words what is said. */
export async function converse(
  agent: OpenStep,
  key: string,
  completion: Completion,
  {
    random,
    injected,
    toolCall,
    finishReason = 'stop',
    loopStep,
    said,
    maxTokens,
    window,
    told,
    isTooLong = false,
    model = modelName,
  }: Omit<ChatOptions, 'index' | 'context'> & { random: Random; injected: LedgerStep['injected'] },
): Promise<Completion> {
  const { run } = agent
  const broken = await agent.open(
    {
      key,
      injected,
      facts: { operation: 'chat', provider, model, step: loopStep, max_tokens: maxTokens, window },
    },
    async (step) => {
      if (isTooLong) return refuse(step, completion)
      const end = await askModel(step, {
        usualMs: run.llmDelayMs,
        usage: () => tokenFacts(completion),
        answer: async (asked, end) => {
          await asked.spend(completion.delayMs)
          return end
        },
      })
      const asks = end ? undefined : toolCall
      const ended = end ? 'content_filter' : asks ? 'tool_call' : finishReason
      const response = { ...responseFacts(completion, ended), response_model: model }
      if (asks) response.tool_call_id = asks.id
      if (run.captureContent) addMessages(response, random, asks, said)
      if (told !== undefined) response.input_messages = JSON.stringify([textMessage('user', told)])
      step.learn<'chat'>(response)
      return end
    },
  )
  // The call was answered; who asked has nothing of it.
  if (broken) throw failureOf(broken, true)
  return completion
}

/** Of the time of an answer, what it takes to hear that there is none. */
const refusedShare = 0.1

async function refuse(step: OpenStep, { delayMs }: Completion): Promise<never> {
  await step.spend(refusedShare * delayMs)
  throw failureOf({ name: 'too_long', share: refusedShare, retryAfterS: 0 })
}

/** What is known once the model has answered. */
export function responseFacts(
  completion: Omit<Completion, 'delayMs'>,
  finishReason: ChatFacts['finish_reason'],
): Partial<ChatFacts> {
  return {
    response_model: modelName,
    response_id: completion.responseId,
    finish_reason: finishReason,
    ...tokenFacts(completion),
  }
}

/** The tokens of a call, without what there were none of. */
export function tokenFacts(completion: Omit<Completion, 'delayMs' | 'responseId'>): SomeTokens {
  const { inputTokens, cachedTokens, cacheWriteTokens, outputTokens, reasoningTokens } = completion
  const facts: { -readonly [Name in keyof SomeTokens]: SomeTokens[Name] } = { input_tokens: inputTokens }
  if (cachedTokens > 0) facts.cached_tokens = cachedTokens
  if (cacheWriteTokens > 0) facts.cache_write_tokens = cacheWriteTokens
  facts.output_tokens = outputTokens
  if (reasoningTokens > 0) facts.reasoning_tokens = reasoningTokens
  return facts
}
