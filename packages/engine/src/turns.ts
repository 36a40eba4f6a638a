import type { FaultKind } from 'contract/faults'
import { resultFor } from 'contract/toolbox'
import { succeeded, ToolFailure } from './errors.ts'
import type { ChatOptions } from './operations/chat.ts'
import type { Conversation } from './operations/conversation.ts'
import { scriptedCall } from './operations/scripted-call.ts'
import { askedOf, callIdFor, type ToolCallOptions } from './operations/tool.ts'
import type { Answer } from './ports.ts'
import type { Step } from './step.ts'

/** A call as its turn has it: how tools behave in this run, and what is asked. */
export interface Turn extends Omit<ToolCallOptions, 'index' | 'loopStep' | 'arguments'> {
  tool: string
  arguments: Readonly<Record<string, unknown>>
}

type Limits = Pick<ChatOptions, 'window' | 'maxTokens'>

/**
 * The turns of one agent: it thinks, makes a call, and knows more; until it has no steps left. A turn has a number of its own,
 * so that one that a fault adds moves no draw of another.
 */
export class Turns {
  readonly #agent: Step
  readonly #most: number
  /** What every call of the model says that it is held to, where that matters. */
  readonly #limits: Limits
  /** What is said from now on, and known so far. */
  readonly talk: Conversation
  #taken = 0

  /** `begun` tokens of its prompt the cache has. */
  constructor(agent: Step, most: number, { begun = 0, ...limits }: Limits & { begun?: number } = {}) {
    this.#agent = agent
    this.#most = most
    this.#limits = limits
    this.talk = agent.converse()
    if (begun > 0) this.talk.begin(begun)
  }

  get areLeft(): boolean {
    return this.#taken < this.#most
  }

  /** What is answered in the turn of this number; undefined where no step was left, or nobody answered. */
  async take(index: number, { tool, ...turn }: Turn): Promise<Answer | undefined> {
    if (!this.areLeft) return undefined
    await this.#think(index, tool, turn.arguments)
    try {
      return await this.talk.execute(tool, { ...turn, index })
    } catch (error) {
      if (error instanceof ToolFailure) return undefined
      throw error
    }
  }

  /**
   * A turn of which all is decided: with what the tool answers each attempt, and what it says in the end. Whatever it is, it is no
   * fault of this run.
   */
  async script(
    index: number,
    { tool, arguments: given, delayMs, errorRate, capture }: Turn,
    { statuses, answer }: { statuses: readonly number[]; answer?: Answer['result'] },
  ): Promise<void> {
    if (!this.areLeft) return
    await this.#think(index, tool, given)
    const { key: agent, random, run } = this.#agent
    const key = `${agent}/call/${index}`
    const result = answer ?? resultFor(tool, given, { seed: random.fork(key).identifier('answer', 16) })
    const work = scriptedCall(this.#agent, {
      key,
      tool,
      arguments: JSON.stringify(given),
      result: JSON.stringify(result),
      asked: { delay_ms: Math.round(delayMs), error_rate: errorRate },
      capture: capture ?? run.captureContent,
      attempts: statuses.map((status) => ({ waitMs: delayMs / 2, delayMs, status, bytes: 0 })),
    })
    const heard = this.talk.observing(
      () => callIdFor(this.#agent, index),
      work,
      () => result,
    )
    await succeeded(heard)
  }

  /** The calls of these turns were there by a fault, as it turns out. */
  plant(fault: FaultKind, indices: readonly number[]): void {
    const { key, run } = this.#agent
    const keys = new Set(indices.map((index) => `${key}/call/${index}`))
    for (const step of run.ledger.steps) if (keys.has(step.key)) step.injected ??= { fault }
  }

  async #think(index: number, tool: string, given: Turn['arguments']): Promise<void> {
    this.#taken++
    const asked = askedOf(this.#agent, tool, { index, arguments: given })
    const toolCall = { id: callIdFor(this.#agent, index), tool, asked }
    await this.talk.ask({ ...this.#limits, index, toolCall })
  }

  /** The model is asked, and asks for no tool. */
  async ask(index: number, question: Pick<ChatOptions, 'finishReason' | 'maxTokens' | 'isTooLong'>): Promise<void> {
    await this.talk.ask({ ...this.#limits, ...question, index })
  }
}
