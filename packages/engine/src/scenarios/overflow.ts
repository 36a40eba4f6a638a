import { choice, integer, number } from 'contract/scalars'
import { argumentsFor } from 'contract/toolbox'
import { CallFailure } from '../errors.ts'
import type { FaultDeclaration } from '../key/register.ts'
import { overflowLevels } from '../levels/overflow.ts'
import { tokensPerObservation } from '../operations/conversation.ts'
import { profileOf } from '../profile/index.ts'
import { defineScenario } from '../scenario.ts'
import type { Step } from '../step.ts'
import { toolNames } from '../tools.ts'
import { type Turn, Turns } from '../turns.ts'

/** The numbers of turns: the work's come first. */
const mostSteps = 40
const shortAnswerAt = 50
const overAt = 100

/** What an answer weighs as it is sent. */
const bytesPerToken = 4
/** What is left to an answer whose prompt was cut to fit. */
const leftTokens = 16
/** A title and the like. */
const shortTokens = 8
/** What an answer may have is not less. */
const fewestTokens = 64
/** Of the window: what a compaction leaves at most, and what a long prompt takes that a cache has. */
const compactedShare = 0.2
const cachedShare = 0.5

interface Size {
  steps: number
  context_window: number
  lookalike: string
  profile: string
}

const begunOf = ({ lookalike, context_window }: Size) =>
  lookalike === 'cached_prefix' ? Math.round(cachedShare * context_window) : 0

/** What prompt and observations take of the context, tokens. */
const workTokens = (size: Size) =>
  Math.max(profileOf({ profile: size.profile }).mostPromptTokens, begunOf(size)) +
  size.steps * tokensPerObservation +
  leftTokens

/** So many times the model answers at most. */
const mostAnswers = ({ steps }: Size) => steps + 3

/** What an answer may have: all together half of what the work leaves, so that nothing is too much by itself. */
const answerTokens = (size: Size) => Math.floor((size.context_window - workTokens(size)) / (2 * mostAnswers(size)))

export const overflow = defineScenario({
  name: 'overflow',
  description: 'A tool answers more than the context has room for: it is cut, compacted, or refused',
  symptom: 'An answer breaks off in the middle, or forgets what was said',
  missed: 'Every call succeeds in usual time; how full a context was is no metric of a call',
  reveals: 'Which call was the first to be sent more than its model holds, and what had filled it',
  finding: 'context_overflow',
  spans: {
    agent_app: '4 + chats + 2 × steps (chats = steps + 1, and one where the context overflows)',
    tool_service: 'steps',
  },
  params: {
    steps: integer({ min: 2, max: mostSteps, default: 6, description: 'Tool calls that the work takes' }),
    context_window: integer({
      min: 4096,
      max: 1_000_000,
      default: 32_768,
      description: 'Tokens that the model holds, of prompt and answer',
    }),
    fill: number({
      min: 0,
      max: 3,
      default: 1.5,
      description:
        'How many times what is left of the context one answer takes: over 1 it does not fit; up to 1 the rest of the work has room beside it; 0, and it is as any other',
    }),
    at_limit: choice(['cut', 'compact', 'refuse'], {
      default: 'cut',
      description:
        'What becomes of a prompt that does not fit: it is cut, so that there is no room for an answer, and what came first is dropped; the agent compacts it, and goes on with that; the model refuses it, and the agent gives up',
    }),
    lookalike: choice(['none', 'cached_prefix', 'short_answer'], {
      default: 'none',
      description: 'What it does beside that looks like an overflow and is none',
    }),
  },
  check: (params) => {
    if (answerTokens(params) >= fewestTokens) return []
    const { steps, context_window, lookalike, profile } = params
    const expected = `more: in it there is no room for ${steps} steps with profile=${profile} and lookalike=${lookalike}`
    return [{ parameter: 'context_window', value: String(context_window), expected }]
  },
  levels: overflowLevels,
  demand: ({ steps, context_window, fill }) => ({
    callsAtOnce: 1,
    calls: steps,
    steps: 7 + 4 * steps,
    payloadBytes: bytesPerToken * (steps * tokensPerObservation + Math.ceil(fill * context_window)),
  }),
  run: (workflow, params) =>
    workflow.invokeAgent('assistant', { facts: { role: 'planner', max_steps: params.steps } }, async (agent) => {
      const { steps, context_window: window, fill, at_limit, lookalike } = params
      const behavior = { delayMs: params.delay_ms, errorRate: params.error_rate, ...sized(tokensPerObservation) }
      const begun = begunOf(params)
      const maxTokens = answerTokens(params)
      const turns = new Turns(agent, steps, { window, begun, maxTokens })
      const tools = agent.random.fork('tools')
      const fullAt = agent.random.fork('full').integer(1, steps - 1)
      for (let index = 0; index < steps; index++) {
        const tool = tools.pick(toolNames)
        const turn = { ...behavior, tool, arguments: argumentsFor(agent.random.fork(`arguments/${index}`), tool) }
        if (index !== fullAt || fill === 0) await turns.take(index, turn)
        else {
          const restTokens = leftTokens + (steps - index + 2) * (maxTokens + tokensPerObservation)
          const limit = { window, restTokens, atLimit: at_limit }
          if (!(await fillUp({ agent, turns, turn, index, fill, limit }))) return false
        }
      }
      if (lookalike === 'short_answer') {
        await turns.ask(shortAnswerAt, { maxTokens: shortTokens })
        agent.run.faults.decoy(`${agent.key}/chat/${shortAnswerAt}`)
      }
      if (begun > 0) agent.run.faults.decoy(`${agent.key}/chat/0`)
      await turns.ask(steps, {})
      return true
    }),
})

const sized = (tokens: number) => ({ answerKb: (tokens * bytesPerToken) / 1024 })

/** What becomes of a context that is too much. */
interface Limit {
  window: number
  /** What the rest of the work takes of it at most. */
  restTokens: number
  atLimit: 'cut' | 'compact' | 'refuse'
}

interface Filled {
  agent: Step
  turns: Turns
  turn: Turn
  index: number
  fill: number
  limit: Limit
}

/** A turn whose answer fills the context, or is too much for it; resolves to whether the agent can go on. */
async function fillUp({ agent, turns, turn, index, fill, limit }: Filled): Promise<boolean> {
  const { faults } = agent.run
  const isOver = fill > 1
  const left = limit.window - turns.talk.tokens - (isOver ? leftTokens : limit.restTokens)
  const tokens = Math.floor(fill * left)
  const call = `${agent.key}/call/${index}`
  const fault = faultOf(agent, turn.tool, call, tokens)
  const fills = !isOver || faults.isInForce(fault.id)
  const answer = await turns.take(index, fills ? { ...turn, ...sized(tokens) } : turn)
  // Who was not answered has nothing that fills the context.
  if (!fills || answer === undefined) return true
  if (!isOver) {
    faults.decoy(call)
    turns.talk.lengthen(tokens - tokensPerObservation)
    return true
  }
  turns.plant('overflow', [index])
  for (const step of [call, `${agent.key}/chat/${overAt}`]) faults.strikes(fault, step)
  return await exceed(turns, limit, limit.window - limit.restTokens - agent.run.profile.mostPromptTokens)
}

/** The model is to be sent more than it holds; resolves to whether the agent goes on, with so much at most beside its prompt. */
async function exceed(turns: Turns, { window, atLimit }: Limit, mostTokens: number): Promise<boolean> {
  const { talk } = turns
  switch (atLimit) {
    case 'cut':
      talk.lengthen(window - leftTokens - talk.tokens)
      await turns.ask(overAt, { maxTokens: leftTokens })
      // Nothing more would be answered: what came first goes, until the rest has room.
      talk.compact(mostTokens)
      return true
    case 'compact':
      talk.compact(Math.min(mostTokens, Math.round(compactedShare * window)))
      await turns.ask(overAt, {})
      return true
    case 'refuse':
      return turns.ask(overAt, { isTooLong: true }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof CallFailure) return false
          throw error
        },
      )
  }
}

function faultOf(agent: Step, tool: string, call: string, tokens: number): FaultDeclaration {
  const { agent_id } = agent.record
  return {
    id: `overflow/${call}`,
    kind: 'overflow',
    entity: { tool, ...(agent_id !== null && { agent: agent_id }) },
    magnitude: { unit: 'tokens', value: tokens },
  }
}
