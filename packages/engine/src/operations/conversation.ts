import { handoffTool } from 'contract/handoff'
import { CallFailure } from '../errors.ts'
import type { Completion } from '../model.ts'
import type { OpenStep } from '../open-step.ts'
import type { Answer } from '../ports.ts'
import { chat, type ChatOptions } from './chat.ts'
import { handOver, type HandOverOptions, transferOf } from './hand-over.ts'
import { answerMessage, type Message } from './messages.ts'
import { askedOf, callIdFor, executeTool, type ToolCallOptions } from './tool.ts'

/** What one observed answer adds to the context of all later calls. */
export const tokensPerObservation = 120

/** What is asked of the model. */
type Question = Omit<ChatOptions, 'context'>

export interface Decision extends Pick<ToolCallOptions, 'index' | 'loopStep' | 'arguments'> {
  /** Model calls before the tool call: the last of them asks for it, those before it end in words. Without any nobody asks. */
  thoughts?: number | undefined
}

/**
 * What an agent and its model say to each other, and what the agent observes. Each call sends all that came before: the context
 * grows, and what the call before has sent already is read from the provider's cache.
 */
export class Conversation {
  readonly #agent: OpenStep
  /** Calls of the model so far. */
  #calls = 0
  /** What the last of them was sent. */
  #sentTokens = 0
  /** What has come since. */
  #newTokens: number
  /** The call that the model has asked for last. */
  #asked: { index: number | undefined; id: string } | undefined
  /** All of it as content, where that is on spans. */
  readonly #said: Message[] = []

  /** `observations` are what the agent knows already, from whoever called it. */
  constructor(agent: OpenStep, observations = 0) {
    this.#agent = agent
    this.#newTokens = observations * tokensPerObservation
  }

  /** One call of the model: the next, unless its index says another. */
  async ask(question: Question = {}): Promise<Completion> {
    const context = { sentTokens: this.#sentTokens, newTokens: this.#newTokens }
    const index = question.index ?? this.#calls++
    const completion = await chat(this.#agent, { ...question, index, context, said: this.#said })
    this.#sentTokens = completion.inputTokens
    // Providers send no reasoning back.
    this.#newTokens = completion.outputTokens - completion.reasoningTokens
    return completion
  }

  /** The model thinks, and asks for a call of this tool. Rejects with ModelFailure where it does not answer. */
  async decide(tool: string, { thoughts = 1, loopStep, ...call }: Decision = {}): Promise<void> {
    for (let before = 1; before < thoughts; before++) await this.ask({ loopStep })
    if (thoughts === 0) return
    const id = callIdFor(this.#agent, call.index)
    this.#asked = { index: call.index, id }
    const toolCall = { id, tool, asked: askedOf(this.#agent, tool, call) }
    await this.ask({ toolCall, loopStep })
  }

  /** Does it, and observes the answer, or that there is none. Rejects as the call does. */
  execute(tool: string, options: ToolCallOptions): Promise<Answer> {
    const callId = this.#asked?.index === options.index ? this.#asked?.id : undefined
    const id = () => callId ?? callIdFor(this.#agent, options.index)
    return this.observing(id, executeTool(this.#agent, tool, { ...options, callId }), ({ result }) => result)
  }

  /** Decides, and does it. */
  async act(tool: string, options: ToolCallOptions & Decision): Promise<Answer> {
    await this.decide(tool, options)
    return await this.execute(tool, options)
  }

  /** The model asks for another agent, who takes over until it is done: whether it reached its goal. Rejects as the call does. */
  async handOver(options: HandOverOptions): Promise<boolean> {
    const { callId, given } = transferOf(this.#agent, options)
    await this.ask({ toolCall: { id: callId, tool: handoffTool, asked: { text: JSON.stringify(given) } } })
    return this.observing(
      () => callId,
      handOver(this.#agent, options),
      (ok) => ({ ok }),
    )
  }

  /** How much its next call would be sent, tokens; of a first call without the prompt. */
  get tokens(): number {
    return this.#sentTokens + this.#newTokens
  }

  /** It begins with so much that others have sent before: the cache has it. */
  begin(tokens: number): void {
    this.#sentTokens = tokens
  }

  /** An answer comes to so many tokens more than any other. */
  lengthen(tokens: number): void {
    this.#newTokens += tokens
  }

  /** What was said is dropped or summed up, but for the last call and its answer: it comes to so much that no cache has. */
  compact(tokens: number): void {
    this.#sentTokens = 0
    this.#newTokens = tokens
    const lastAnswer = this.#said.findLastIndex(({ role }) => role === 'tool')
    this.#said.splice(1, lastAnswer - 2)
  }

  /** Waits for the answer to the call of this id, and observes it, or that there is none: what was said of it is sent from now on. */
  async observing<T>(id: () => string, work: Promise<T>, told: (answer: T) => unknown): Promise<T> {
    const hear = (response: () => unknown) => {
      this.#newTokens += tokensPerObservation
      if (this.#agent.run.captureContent) this.#said.push(answerMessage(id(), response()))
    }
    try {
      const answer = await work
      hear(() => told(answer))
      return answer
    } catch (error) {
      if (error instanceof CallFailure) hear(() => ({ error: error.errorType }))
      throw error
    }
  }
}
