import { choice, integer, number } from 'contract/scalars'
import { succeeded, UnknownPart } from '../errors.ts'
import { handoffLevels } from '../levels/handoff.ts'
import type { Conversation } from '../operations/conversation.ts'
import { defineScenario } from '../scenario.ts'
import type { Step } from '../step.ts'
import { toolOf } from '../tools.ts'

/** What a run goes on as when a person has answered, and the tool that it does it with. */
const later = 'planner/resumed'
const mailIndex = 4

interface Asked {
  hops: number
  delay_ms: number
  error_rate: number
}

/** The model asks for a tool, and the agent calls it. */
const lookUp = (conversation: Conversation, index: number, { delay_ms, error_rate }: Asked) =>
  succeeded(conversation.act(toolOf(index), { index, delayMs: delay_ms, errorRate: error_rate }))

export const handoff = defineScenario({
  name: 'handoff',
  description:
    'An agent hands over to others and asks a person; when they have answered, the run goes on in another trace',
  symptom: 'A request took a second, and its trace shows half of it',
  missed: 'All that was done is there and well, and nothing says that it belongs together',
  reveals: 'Where the context was lost on its way to another agent, and which traces are one session',
  finding: 'severed_context',
  spans: { agent_app: '8 + 2 × hops + 5 × (hops − severed)', tool_service: '1 + hops − severed' },
  params: {
    hops: integer({ min: 1, max: 50, default: 3, description: 'Agents that are handed over to' }),
    severed: integer({ min: 0, max: 50, description: 'How many of them the context of the trace does not reach' }),
    severed_conversation: choice(['kept', 'lost'], {
      default: 'kept',
      description: 'Whether those that the context does not reach know the conversation that they are part of',
    }),
    human_delay_s: number({
      min: 0,
      max: 86_400,
      description: 'How long the person takes, s; 0 is that nobody is asked; 1 unless given, drawn if measured',
    }),
  },
  derived: { severed: { from: () => 1, text: '1' } },
  check: ({ hops, severed }) =>
    severed <= hops
      ? []
      : [{ parameter: 'severed', value: String(severed), expected: `at most hops, which is ${hops}` }],
  levels: handoffLevels,
  isSession: true,
  isLeft: ({ human_delay_s }) => human_delay_s !== 0,
  demand: ({ hops }) => ({ callsAtOnce: 1, calls: 1 + hops, steps: 9 + 2 * hops }),
  run: (workflow, params) =>
    workflow.invokeAgent('planner', { facts: { role: 'planner' } }, async (planner) => {
      const { hops } = params
      const severed = new Set(planner.random.fork('severed').sample(hops, params.severed))
      const conversation = planner.converse()
      let isDone = await lookUp(conversation, 0, params)
      for (let index = 0; index < hops; index++) {
        const taken = conversation.handOver({ index, to: 'worker', isSevered: severed.has(index) })
        isDone = (await reached(taken)) && isDone
      }
      await reached(conversation.ask())
      if (params.human_delay_s !== 0) planner.suspend({ delayS: params.human_delay_s, part: later })
      return isDone
    }),
  async runPart(request, params, part) {
    if (part === later) return resume(request, params)
    const index = Number(/^planner\/handoff\/(\d+)$/.exec(part)?.[1] ?? Infinity)
    if (index >= params.hops) throw new UnknownPart(part)
    return request.invokeAgent('worker', { index }, (worker) => lookUp(worker.converse(), index + 1, params))
  },
})

function resume(request: Step, params: Asked): Promise<boolean> {
  // A root without a parent, which was meant: it has a link.
  request.run.faults.decoy(request.key)
  return request.invokeAgent('planner', { facts: { role: 'planner' } }, (planner) => {
    planner.resumed('approve')
    return lookUp(planner.converse(), mailIndex, params)
  })
}

/** Whether who took over reached its goal; false where it could not be asked. */
async function reached(taken: Promise<unknown>): Promise<boolean> {
  let isDone = false
  await succeeded(taken.then((said) => (isDone = said !== false)))
  return isDone
}
