/**
 * What can be wrong with a run, in the words of the key. A category is one of published taxonomies, so that scores can be
 * compared: TRAIL (https://arxiv.org/abs/2505.08638) and MAST (https://arxiv.org/abs/2503.13657) for agents, OpenRCA
 * (https://github.com/microsoft/OpenRCA) and RCAEval (https://github.com/phamquiluan/RCAEval) for infrastructure.
 */
export const faultCategories = {
  latency: { elsewhere: 'TRAIL timeout issues; OpenRCA high latency; RCAEval delay' },
  failure: { elsewhere: 'TRAIL service errors; OpenRCA and RCAEval response errors, packet loss' },
  retry_amplification: { elsewhere: 'TRAIL tool-related and rate-limiting errors; MAST step repetition' },
  dependency: { elsewhere: 'TRAIL service errors; OpenRCA a component as root cause; RCAEval delay of a service' },
  loop: { elsewhere: 'TRAIL resource abuse; MAST step repetition, unaware of termination conditions' },
  silent_failure: { elsewhere: 'TRAIL tool output misinterpretation; MAST no or incomplete verification' },
  hallucinated_call: { elsewhere: 'TRAIL tool-related hallucinations; MAST disobey task specification' },
  context_overflow: { elsewhere: 'TRAIL context handling failures; MAST loss of conversation history' },
  rate_limit: { elsewhere: 'TRAIL rate limiting; OpenRCA and RCAEval response errors' },
  resource_contention: { elsewhere: 'TRAIL resource exhaustion; OpenRCA CPU and I/O load; RCAEval CPU, memory, disk' },
  coordination: { elsewhere: 'TRAIL task orchestration; MAST inter-agent misalignment' },
} as const satisfies Record<string, { elsewhere: string }>
export type PlantedCategory = keyof typeof faultCategories

/** Every kind of fault that a key may name. */
export const plantedKinds = {
  straggler: { category: 'latency', means: 'One call of many is slow' },
  slow_tool: { category: 'latency', means: 'One call of a tool is slow' },
  slow_link: { category: 'latency', means: 'One call of a chain is slow' },
  slow_branch: { category: 'latency', means: 'One call of a branch is slow' },
  slow_model: { category: 'latency', means: 'The model is slow: one call of it, or all' },
  slow_ttft: { category: 'latency', means: 'The first token comes late' },
  slow_chunk: { category: 'latency', means: 'One chunk takes longer than its size explains' },
  slow_background: { category: 'latency', means: 'One call beside a stream is slow' },
  stall: { category: 'latency', means: 'No token comes for a while' },
  gap: { category: 'latency', means: 'An agent does nothing between two calls' },
  late_start: { category: 'latency', means: 'Work begins long after what it waited for' },
  resume_lag: { category: 'latency', means: 'A person has answered, and nobody goes on' },
  model_failed: { category: 'failure', means: 'A model call fails: nobody answers it, or the answer is withheld' },
  rate_limited: { category: 'rate_limit', means: 'A model refuses calls, since there are too many' },
  failed: { category: 'failure', means: 'A call fails, and nobody else answers what it was for' },
  faulty_tool: { category: 'retry_amplification', means: 'Calls of one tool fail, and are sent again' },
  backoff: { category: 'retry_amplification', means: 'A client waits longer than the tool asked for' },
  not_retryable: { category: 'retry_amplification', means: 'A request that is wrong is sent again unchanged' },
  tool_slow: { category: 'dependency', means: 'All calls of one tool are slow, or all from a moment on' },
  shard_slow: { category: 'dependency', means: 'All chunks of one shard are slow' },
  loop: { category: 'loop', means: 'An agent repeats what it did, and learns nothing new' },
  pingpong: { category: 'loop', means: 'An agent goes back and forth between two calls, and learns nothing new' },
  ignored_error: { category: 'loop', means: 'A request that was refused is made again unchanged, by an agent' },
  overflow: {
    category: 'context_overflow',
    means: 'An answer fills the context, and more is sent than the model holds',
  },
  duplicate_history: { category: 'context_overflow', means: 'What was said before is sent twice' },
  lost_fact: { category: 'context_overflow', means: 'What was dropped from the context is asked for again' },
  body_error: { category: 'silent_failure', means: 'An answer that came with 200 says that there was an error' },
  truncated: {
    category: 'silent_failure',
    means: 'An answer has less than there is, and no word of where the rest is',
  },
  wrong_empty: { category: 'silent_failure', means: 'An answer is empty about what an earlier answer has listed' },
  no_tool: { category: 'hallucinated_call', means: 'The model asks for a tool that does not exist' },
  bad_arguments: { category: 'hallucinated_call', means: 'The model asks with arguments that the tool does not take' },
  invented_id: { category: 'hallucinated_call', means: 'The model asks about an id that nobody has told it' },
  cache_miss: { category: 'context_overflow', means: 'Tokens that were cached are paid for again' },
  contention: { category: 'resource_contention', means: 'Work in the background slows a stream down' },
  surge: { category: 'rate_limit', means: 'One agent sends more than a tool can do, and all others wait' },
  capacity_loss: { category: 'resource_contention', means: 'A tool does fewer calls at a time for a while' },
  slow_service: {
    category: 'resource_contention',
    means: 'A tool takes longer for each call for a while, until none gets through',
  },
  duplicate: { category: 'coordination', means: 'Something is done twice' },
  unneeded: { category: 'coordination', means: 'A person is asked what nobody needs to ask' },
  severed: { category: 'coordination', means: 'The trace ends where an agent hands over, and goes on as another one' },
  dropped: { category: 'coordination', means: 'An agent is handed less than was known, and asks for it again' },
  bounce: { category: 'coordination', means: 'An agent hands over the same again and again, and hears nothing new' },
  accept_lag: { category: 'latency', means: 'An agent that takes over begins late' },
  redo: { category: 'coordination', means: 'All is done again after a person did not answer in time' },
} as const satisfies Record<string, { category: PlantedCategory; means: string }>
export type PlantedKind = keyof typeof plantedKinds
export const plantedKindNames = Object.keys(plantedKinds) as PlantedKind[]
