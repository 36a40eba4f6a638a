import type { FaultKind } from 'contract/faults'
import type { Random } from 'contract/random'
import { argumentsFor, descriptionOf, refusalOf } from 'contract/toolbox'
import { ToolFailure } from '../errors.ts'
import { provider } from '../model.ts'
import type { OpenStep } from '../open-step.ts'
import type { Answer, Asked } from '../ports.ts'
import { type CallBehavior, withRetries } from './attempt.ts'

export interface ToolCallOptions extends CallBehavior {
  /** Which of several calls of one agent. */
  index?: number | undefined
  /** Names the step of a loop, from 0. */
  loopStep?: number | undefined
  /** The identifier of the call, where it is known already. */
  callId?: string | undefined
  /** What the tool is asked: refused where there is no such tool, or its schema does not take them; plausible ones unless given. */
  arguments?: Readonly<Record<string, unknown>> | undefined
  /** How much it answers by itself, KB: nobody asked for that. */
  answerKb?: number
  /** What it is planted by, where it is there by a fault. */
  plantedBy?: FaultKind
  /** Whether arguments and result are on its span; as the agent has it for all content unless given. */
  capture?: boolean
}

const callKeyOf = ({ key }: OpenStep, index?: number) => (index === undefined ? `${key}/call` : `${key}/call/${index}`)

/** The identifier of the call of this key, as a model would give it. */
export const callIdOf = ({ random }: OpenStep['run'], key: string) => `call_${random.identifier(`${key}/id`, 24)}`

/** That of an agent's call, or of one of several, whether or not a model has asked for it. */
export const callIdFor = (agent: OpenStep, index?: number) => callIdOf(agent.run, callKeyOf(agent, index))

/** What the call of this key plausibly asks, with `more` in it. */
class DrawnArguments implements Asked {
  readonly isDrawn = true
  readonly #random: Random
  readonly #key: string
  readonly #tool: string
  readonly #more: object
  #text: string | undefined

  constructor(random: Random, key: string, tool: string, more = {}) {
    this.#random = random
    this.#key = key
    this.#tool = tool
    this.#more = more
  }

  get text(): string {
    const random = this.#random.fork(`${this.#key}/arguments`)
    return (this.#text ??= JSON.stringify({ ...argumentsFor(random, this.#tool), ...this.#more }))
  }
}

/** What a tool is asked in a call of an agent, or in one of several. */
export function askedOf(
  agent: OpenStep,
  tool: string,
  { index, arguments: given }: Pick<ToolCallOptions, 'index' | 'arguments'>,
): Asked {
  if (given) return { text: JSON.stringify(given), isDrawn: false }
  return new DrawnArguments(agent.run.random, callKeyOf(agent, index), tool)
}

/** One logical call. Whoever reads along hears of its end. */
export function executeTool(agent: OpenStep, tool: string, options: ToolCallOptions): Promise<Answer> {
  return agent.run.emit ? reported(agent, tool, options) : callTool(agent, tool, options)
}

async function reported(agent: OpenStep, tool: string, options: ToolCallOptions): Promise<Answer> {
  const { clock, emit } = agent.run
  const startMs = clock.now()
  const report = (ok: boolean) =>
    emit?.({ type: 'tool', index: options.index ?? 0, tool, ok, duration_ms: clock.now() - startMs })
  try {
    const answer = await callTool(agent, tool, options)
    await report(true)
    return answer
  } catch (error) {
    if (error instanceof ToolFailure) await report(false)
    throw error
  }
}

function callTool(agent: OpenStep, tool: string, options: ToolCallOptions): Promise<Answer> {
  const { run } = agent
  const { capture = run.captureContent } = options
  const key = callKeyOf(agent, options.index)
  const asked = askedOf(agent, tool, options)
  // Who is refused at once is not slow.
  const isRefused = !asked.isDrawn && refusalOf(tool, asked.text) !== undefined
  const call = { tool, key, agentId: agent.record.agent_id }
  const slowdown = isRefused ? undefined : run.planted.slowdownOf(call, options.slowdown)
  return agent.open(
    {
      key,
      injected: injectedBy(slowdown?.fault ?? options.plantedBy),
      facts: {
        operation: 'execute_tool',
        tool,
        call_id: options.callId ?? callIdOf(run, key),
        description: descriptionOf(tool),
        ...askedFacts(options),
      },
    },
    async (call) => {
      if (capture) call.learn<'execute_tool'>({ arguments: asked.text })
      const { answerKb = options.payloadKb } = options
      const sized = answerKb === undefined ? {} : { payloadKb: answerKb }
      const answer = await withRetries(call, tool, { ...options, ...sized, asked, slowdown })
      // Who failed had no answer that could be wrong.
      if (options.flaw !== undefined) call.record.injected ??= { fault: 'flaw' }
      if (capture) call.learn<'execute_tool'>({ result: JSON.stringify(answer.result) })
      return answer
    },
  )
}

const injectedBy = (fault: FaultKind | undefined) => (fault ? { fault } : null)

/** Fetches `documents` documents; their text is the answer's payload, their ids and scores are content on the span. */
export function retrieve(
  agent: OpenStep,
  source: string,
  options: ToolCallOptions & { documents: number },
): Promise<Answer> {
  const { run } = agent
  const key = `${agent.key}/retrieval`
  const slowdown = run.planted.slowdownOf({ tool: source, key, agentId: agent.record.agent_id }, options.slowdown)
  const asked = new DrawnArguments(run.random, key, source, { limit: options.documents })
  return agent.open(
    {
      key,
      injected: injectedBy(slowdown?.fault),
      facts: { operation: 'retrieval', provider, source, ...askedFacts(options) },
    },
    async (call) => {
      const answer = await withRetries(call, source, { ...options, asked, slowdown })
      if (run.captureContent) call.learn<'retrieval'>({ documents: JSON.stringify(answer.result.documents) })
      return answer
    },
  )
}

/** Which documents were found, with their scores: content. */
export function documentsJson(random: Random, count: number): string {
  const documents = Array.from({ length: count }, (_, index) => ({ id: `doc-${index}`, score: random.float() }))
  return JSON.stringify(documents.toSorted((a, b) => b.score - a.score))
}

/** What the run was asked for, the same on every call of it: a culprit must not say that it is one. */
function askedFacts({ delayMs, errorRate, payloadKb, retry, loopStep }: ToolCallOptions) {
  return {
    delay_ms: Math.round(delayMs),
    error_rate: errorRate,
    payload_kb: payloadKb,
    max_retries: retry?.maxRetries,
    step: loopStep,
  }
}
