import type { ScenarioName } from 'contract/scenarios'
import type { RunResult } from 'engine/run'

type Counts = { agent_app: number; tool_service: number }
type Summary = Pick<RunResult['summary'], 'tool_calls' | 'llm_calls' | 'retries'>

const n = (value: RunResult['params'][string] | undefined) => Number(value)

/**
 * How many spans a run of a scenario leaves when no failure ends anything early: written down again, apart from the
 * code that makes them. What chance decides (attempts, tool calls of a loop) is taken from the run's own summary.
 */
export const spanFormulas: Record<ScenarioName, (params: RunResult['params'], summary: Summary) => Counts> = {
  fanout: ({ fanout, thoughts }) => ({ agent_app: 5 + (3 + n(thoughts)) * n(fanout), tool_service: n(fanout) }),
  chain: ({ depth, thoughts }) => ({ agent_app: 5 + (3 + n(thoughts)) * n(depth), tool_service: n(depth) }),
  retry: ({ fanout, thoughts }, { retries }) => {
    const attempts = n(fanout) + retries
    return { agent_app: 5 + (2 + n(thoughts)) * n(fanout) + attempts, tool_service: attempts }
  },
  dag: ({ fanout, thoughts }) => ({ agent_app: 9 + (3 + n(thoughts)) * n(fanout), tool_service: n(fanout) + 1 }),
  react: (_params, { tool_calls }) => ({ agent_app: 4 + (tool_calls + 1) + 2 * tool_calls, tool_service: tool_calls }),
  human: ({ outcome }) =>
    outcome === 'approve' ? { agent_app: 11, tool_service: 2 } : { agent_app: 9, tool_service: 1 },
  rag: ({ rag_chunks }) => ({ agent_app: 7 + n(rag_chunks), tool_service: 1 }),
  loop: (_params, { tool_calls, retries }) => {
    const attempts = tool_calls + retries
    return { agent_app: 4 + (tool_calls + 1) + tool_calls + attempts, tool_service: attempts }
  },
  overflow: (_params, { tool_calls, llm_calls }) => ({
    agent_app: 4 + llm_calls + 2 * tool_calls,
    tool_service: tool_calls,
  }),
  stream: ({ background_fanout }) => ({ agent_app: 6 + 2 * n(background_fanout), tool_service: n(background_fanout) }),
  handoff: ({ hops, severed }) => ({
    agent_app: 8 + 2 * n(hops) + 5 * (n(hops) - n(severed)),
    tool_service: 1 + n(hops) - n(severed),
  }),
  cascade: ({ agents }, { tool_calls, retries }) => {
    const attempts = tool_calls + retries
    return { agent_app: 5 + n(agents) + tool_calls + attempts, tool_service: attempts }
  },
  silent: ({ lookups }) => ({ agent_app: 5 + 6 * n(lookups), tool_service: 2 * n(lookups) }),
  hallucination: ({ lookups, hallucinations, recovers }) => {
    const again = recovers === true ? n(hallucinations) : 0
    return { agent_app: 5 + 3 * (n(lookups) + again), tool_service: n(lookups) + again }
  },
}

/** The tree of a small run of each scenario, as a trace viewer shows it. */
export const trees: Record<ScenarioName, { query: string; tree: string }> = {
  fanout: {
    query: 'fanout=5&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow fanout
    invoke_agent planner
      chat synthetic-llm-1
      invoke_agent worker
        chat synthetic-llm-1
        execute_tool search
          GET
            GET /tool/:tool_name
      invoke_agent worker
        chat synthetic-llm-1
        execute_tool database
          GET
            GET /tool/:tool_name
      invoke_agent worker
        chat synthetic-llm-1
        execute_tool calculator
          GET
            GET /tool/:tool_name
      invoke_agent worker
        chat synthetic-llm-1
        execute_tool calendar
          GET
            GET /tool/:tool_name
      invoke_agent worker
        chat synthetic-llm-1
        execute_tool mail
          GET
            GET /tool/:tool_name
    checkpoint`,
  },
  chain: {
    query: 'depth=3&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow chain
    invoke_agent planner
      chat synthetic-llm-1
      invoke_agent link
        chat synthetic-llm-1
        execute_tool search
          GET
            GET /tool/:tool_name
        invoke_agent link
          chat synthetic-llm-1
          execute_tool database
            GET
              GET /tool/:tool_name
          invoke_agent link
            chat synthetic-llm-1
            execute_tool calculator
              GET
                GET /tool/:tool_name
    checkpoint`,
  },
  retry: {
    query: 'fanout=1&error_rate=1&max_retries=2&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow retry
    invoke_agent planner
      chat synthetic-llm-1
      invoke_agent worker
        chat synthetic-llm-1
        execute_tool search
          3 × GET
            GET /tool/:tool_name
    checkpoint`,
  },
  dag: {
    query: 'fanout=1&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow dag
    invoke_agent planner
      chat synthetic-llm-1
      invoke_agent branch
        chat synthetic-llm-1
        execute_tool search
          GET
            GET /tool/:tool_name
      invoke_agent aggregator
        execute_tool aggregate
          GET
            GET /tool/:tool_name
        chat synthetic-llm-1
    checkpoint`,
  },
  react: {
    query: 'max_steps=1&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow react
    invoke_agent react
      chat synthetic-llm-1
      execute_tool calculator
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
    checkpoint`,
  },
  human: {
    query: 'human_delay_s=0.01&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow human
    invoke_agent planner
      chat synthetic-llm-1
      execute_tool database
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      human_feedback
      execute_tool mail
        GET
          GET /tool/:tool_name
    checkpoint`,
  },
  rag: {
    query: 'rag_chunks=3&delay_ms=5&ms_per_kb=1&seed=a',
    tree: `GET /run
  invoke_workflow rag
    invoke_agent planner
      retrieval knowledge_base
        GET
          GET /tool/:tool_name
      3 × process_chunk
      chat synthetic-llm-1
    checkpoint`,
  },
  handoff: {
    query: 'hops=2&human_delay_s=0.01&delay_ms=5&llm_delay_ms=1&seed=a',
    tree: `GET /run
  invoke_workflow handoff
    invoke_agent planner
      chat synthetic-llm-1
      execute_tool search
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      tools/call transfer_to_agent
      chat synthetic-llm-1
      tools/call transfer_to_agent
        POST /mcp
          invoke_agent worker
            chat synthetic-llm-1
            execute_tool calculator
              GET
                GET /tool/:tool_name
      chat synthetic-llm-1
    checkpoint`,
  },
  loop: {
    query: 'steps=1&repeats=2&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow loop
    invoke_agent assistant
      chat synthetic-llm-1
      execute_tool calendar
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      execute_tool calendar
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      execute_tool calendar
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
    checkpoint`,
  },
  overflow: {
    query: 'steps=2&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow overflow
    invoke_agent assistant
      chat synthetic-llm-1
      execute_tool search
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      execute_tool calendar
        GET
          GET /tool/:tool_name
      2 × chat synthetic-llm-1
    checkpoint`,
  },
  stream: {
    query: 'duration_s=0.2&background_fanout=1&tool_delay_ms=20&seed=a',
    tree: `GET /stream
  invoke_workflow stream
    invoke_agent streamer
      chat synthetic-llm-1
    invoke_agent background
      execute_tool search
        GET
          GET /tool/:tool_name
    checkpoint`,
  },
  cascade: {
    query: 'agents=1&calls=1&trigger=none&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow cascade
    invoke_agent planner
      chat synthetic-llm-1
      invoke_agent worker
        execute_tool search
          GET
            GET /tool/:tool_name
    checkpoint`,
  },
  silent: {
    query: 'lookups=1&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow silent
    invoke_agent analyst
      chat synthetic-llm-1
      execute_tool search
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      execute_tool search
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
    checkpoint`,
  },
  hallucination: {
    query: 'lookups=1&delay_ms=5&seed=a',
    tree: `GET /run
  invoke_workflow hallucination
    invoke_agent assistant
      chat synthetic-llm-1
      execute_tool schedule
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
      execute_tool database
        GET
          GET /tool/:tool_name
      chat synthetic-llm-1
    checkpoint`,
  },
}
