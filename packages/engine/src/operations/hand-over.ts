import { handoffMethod, handoffTool } from 'contract/handoff'
import { businessNameOf } from '../business.ts'
import type { FaultDeclaration } from '../key/register.ts'
import { sentence } from '../model.ts'
import type { OpenStep } from '../open-step.ts'
import { callIdOf } from './tool.ts'

export interface HandOverOptions {
  /** Which of several of one agent. */
  index: number
  /** The agent that is to take over. */
  to: string
  /** Whether the trace's context is lost on the way. */
  isSevered: boolean
  /** Whether it goes on in a trace of its own on purpose, whose root links to the call. */
  isLinked?: boolean | undefined
  /** What it is told; drawn unless given. */
  message?: string | undefined
  /** It is asked to begin so long after, s. */
  afterS?: number | undefined
  /** What comes back, as text; arguments and result are on the span then, whatever is captured. */
  result?: string | undefined
}

/** The name of the part that an agent hands over: the key of the step. */
export const partOf = (agentKey: string, index: number) => `${agentKey}/handoff/${index}`

/** The fault of a context that is lost where this part is handed over: it strikes on both sides. */
export function severing(part: string): FaultDeclaration {
  return { id: `severed/${part}`, kind: 'severed', entity: { tool: handoffTool }, breaksTrace: true }
}

/** What a model asks for when it hands over: a call like any other. */
export function transferOf(
  agent: OpenStep,
  { index, to, message, afterS }: Omit<HandOverOptions, 'isSevered' | 'isLinked' | 'result'>,
) {
  const { run } = agent
  const name = partOf(agent.key, index)
  return {
    name,
    callId: callIdOf(run, name),
    given: {
      agent: run.isBlind ? businessNameOf(to) : to,
      message: message ?? sentence(run.random.fork(`${name}/message`), 16),
      ...(afterS !== undefined && { after_s: afterS }),
    },
  }
}

/** One request to another agent, and its answer: a CLIENT span here, and there all that the other did, in a ledger of its own. */
export function handOver(agent: OpenStep, options: HandOverOptions): Promise<boolean> {
  const { run } = agent
  const { name, callId, given } = transferOf(agent, options)
  const isLost = options.isSevered && run.faults.isInForce(severing(name).id)
  const isCaptured = run.captureContent || options.result !== undefined
  return agent.open(
    {
      key: name,
      facts: {
        operation: 'hand_over',
        method: handoffMethod,
        tool: handoffTool,
        call_id: callId,
        ...run.peers.address,
      },
    },
    async (step) => {
      if (isCaptured) step.learn<'hand_over'>({ arguments: JSON.stringify(given) })
      const from = { trace_id: run.traceId, span_id: step.span.id }
      const part = { name, ...(isLost && { severed_from: from }), ...(options.isLinked && { linked_from: from }) }
      const in_trace = !isLost && options.isLinked !== true
      const task = { run: run.whole(), part, carriesContext: in_trace, callId, arguments: given }
      const handed = await run.peers.handOver(task, step.span, run.signal)
      // Where nobody took over, nothing is anywhere else.
      if (isLost && run.faults.strikes(severing(name), name)) step.record.injected = { fault: 'severed' }
      const { trace_id, span_id, agent_span_id, ok, summary } = handed
      step.record.handed_over = { trace_id, span_id, agent_span_id, in_trace }
      step.idealMs += summary.ideal_ms ?? 0
      run.handed.push(handed)
      const result = options.result ?? JSON.stringify({ ok })
      step.learn<'hand_over'>({ status: 200, ...(isCaptured && { result }) })
      return ok
    },
  )
}

/** The agent has asked a person, and nobody waits here: once they have answered it goes on elsewhere. */
export function suspend(agent: OpenStep, { delayS, part }: { delayS: number | undefined; part: string }): void {
  const { run } = agent
  agent.event({ name: 'paused', time_ms: run.clock.now() })
  run.suspended = {
    afterMs: run.profile.personS(run.random.fork(part), delayS) * 1000,
    part: { name: part, resumes: { trace_id: run.traceId, span_id: agent.span.id } },
  }
}

/** The agent goes on: a person has answered. */
export function resumed(agent: OpenStep, outcome: 'approve' | 'reject' | 'expire'): void {
  agent.event({ name: 'resumed', time_ms: agent.run.clock.now(), outcome })
}
