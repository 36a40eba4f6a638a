import { choice, flag, integer, number } from 'contract/scalars'
import { cascadeLevels } from '../levels/cascade.ts'
import { runScript } from '../levels/level.ts'
import { defineScenario } from '../scenario.ts'
import { crowdLookalikes, mostLookalikeCalls } from '../levels/crowd-lookalikes.ts'
import { crowdScript, mostAttempts, mostCalls, surgeCalls } from '../levels/crowd-run.ts'

export const cascade = defineScenario({
  name: 'cascade',
  description: 'Agents share a tool of limited capacity; it is overloaded for a while, and retries add to the load',
  symptom: 'Everything that needs one tool is slow or fails, and stays so after the cause is gone',
  missed: 'The tool looks as if it failed: a table counts refusals, and says neither who came first nor who came again',
  reveals: 'When it began, what had changed just before, how far retries multiplied the load, and when it was over',
  finding: 'overload',
  spans: { agent_app: '5 + agents + tool calls + attempts', tool_service: 'attempts' },
  params: {
    agents: integer({ min: 1, max: 100, default: 5, description: 'Agents that share the tool' }),
    calls: integer({
      min: 1,
      max: 2000,
      default: 60,
      description: 'Calls that come, whatever becomes of others: as many as need 25,000 attempts at most',
    }),
    capacity: integer({ min: 1, max: 1000, default: 4, description: 'Calls that the tool does at the same time' }),
    capacity_left: integer({
      min: 1,
      max: 1000,
      default: 1,
      description: 'Calls that it does at the same time while it has lost capacity',
    }),
    queue: integer({ min: 0, max: 1000, default: 6, description: 'Calls that wait for it before others are refused' }),
    load: number({
      min: 0.01,
      max: 10,
      default: 0.6,
      description: 'How much of the capacity the calls need: with delay_ms it says how long the run takes',
    }),
    trigger: choice(['capacity_loss', 'surge', 'slow_service', 'none'], {
      default: 'capacity_loss',
      description:
        'What overloads it, from a quarter of the run on: it does fewer calls at a time, one agent sends far more, each call takes three times as long, or nothing',
    }),
    max_retries: integer({ min: 0, max: 10, default: 3, description: 'Attempts after the first' }),
    backoff_ms: number({
      min: 0,
      max: 600_000,
      default: 60,
      description: 'Bound of the first back-off, ms; it doubles each time',
    }),
    lookalike: choice(['none', ...crowdLookalikes], {
      default: 'none',
      description:
        'What happens beside that looks like an overload and is none: attempts that fail early by themselves and are answered when they are sent again, another tool that is slow and refuses nobody, or a quota that is used up and says when to come again',
    }),
    capture_content: flag({
      default: true,
      description:
        'Whether calls carry what was asked and answered: how long the tool worked, and so how long a call waited for its turn, is in its answer',
    }),
    faults: choice(['own', 'off'], {
      description: 'What is planted: nothing (off), or what the trigger says (own), which it is unless given',
    }),
  },
  check: (params) => {
    const { calls, capacity, capacity_left, load, max_retries, trigger } = params
    const of =
      trigger === 'surge' ? `a surge at a load of ${load} and ${max_retries} retries` : `${max_retries} retries`
    const most = mostCalls(params)
    return [
      ...(capacity_left > capacity
        ? [
            {
              parameter: 'capacity_left',
              value: String(capacity_left),
              expected: `at most capacity, which is ${capacity}`,
            },
          ]
        : []),
      ...(calls > most
        ? [
            {
              parameter: 'calls',
              value: String(calls),
              expected: `at most ${most}: with ${of} more could need over ${mostAttempts} attempts`,
            },
          ]
        : []),
    ]
  },
  levels: cascadeLevels,
  demand: (params) => {
    const beside = params.lookalike === 'none' ? 0 : mostLookalikeCalls
    const own = params.calls + (params.trigger === 'surge' ? surgeCalls(params) : 0)
    const attempts = own * (1 + params.max_retries) + 2 * beside
    const calls = own + beside
    return { callsAtOnce: calls, calls: attempts, steps: 5 + params.agents + calls + 2 * attempts }
  },
  run: (workflow, params) => runScript(workflow, crowdScript(workflow.run, params), params),
})
