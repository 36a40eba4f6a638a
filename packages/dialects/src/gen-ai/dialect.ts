import { defineDialect, type DialectTable, type ReadableSpan } from '../dialect.ts'
import { content, flag, fraction, is, list, named, number, text, unlessZero } from '../line.ts'
import { ati, errorType, genAi as names, http, mcp, openInferenceKind } from './names.ts'

/** What the run was asked for. */
const asked = {
  [ati.toolDelayMs]: number('delay_ms'),
  [ati.toolErrorRate]: number('error_rate'),
  [ati.toolPayloadKb]: number('payload_kb'),
  [ati.retryMax]: number('max_retries'),
  [ati.step]: number('step'),
} as const

/** What calls of models used. */
const usage = {
  [names.inputTokens]: number('input_tokens'),
  [names.cachedTokens]: number('cached_tokens'),
  [names.cacheWriteTokens]: number('cache_write_tokens'),
  [names.outputTokens]: number('output_tokens'),
  [names.reasoningTokens]: number('reasoning_tokens'),
} as const

/** GenAI conventions v1.41.1, the stable HTTP ones, and what is ours beside them: every attribute by its fact. */
export const table = {
  operations: {
    http_server: {
      kind: 'server',
      name: ({ method, route }) => `${method} ${route}`,
      opening: { [http.method]: text('method'), [http.route]: text('route') },
    },
    http_client: {
      kind: 'client',
      name: ({ method }) => method,
      opening: {
        [http.method]: text('method'),
        [http.urlFull]: text('url'),
        [http.serverAddress]: text('server_address'),
        [http.serverPort]: number('server_port'),
        [http.resendCount]: unlessZero('attempt'),
      },
      learned: {
        [http.statusCode]: number('status'),
        [http.responseBodySize]: number('response_bytes'),
        [http.retryAfter]: list('retry_after'),
        ...usage,
      },
    },
    invoke_workflow: {
      kind: 'internal',
      name: named('invoke_workflow', 'workflow'),
      opening: {
        [names.operationName]: is('invoke_workflow'),
        [names.workflowName]: text('workflow'),
        [openInferenceKind]: is('CHAIN'),
      },
      sort: () => 'workflow',
    },
    invoke_agent: {
      kind: 'internal',
      name: named('invoke_agent', 'agent'),
      opening: {
        [names.operationName]: is('invoke_agent'),
        [names.providerName]: text('provider'),
        [names.agentName]: text('agent'),
        [names.agentId]: text('definition'),
        [names.conversationId]: text('conversation_id'),
        [ati.workerIndex]: number('worker_index'),
        [ati.queuedMs]: number('queued_ms'),
        [ati.chainIndex]: number('chain_index'),
        [ati.chainDepth]: number('chain_depth'),
        [ati.fanout]: number('fanout'),
        [ati.dagFanout]: number('branches'),
        [ati.backgroundFanout]: number('background_calls'),
        [ati.concurrency]: number('concurrency'),
        [ati.reactMaxSteps]: number('max_steps'),
        [ati.ragChunks]: number('chunks'),
        [ati.ragTotalKb]: number('total_kb'),
      },
      learned: usage,
      sort: ({ role }) => role,
    },
    chat: {
      kind: 'client',
      name: named('chat', 'model'),
      opening: {
        [names.operationName]: is('chat'),
        [names.providerName]: text('provider'),
        [names.requestModel]: text('model'),
        [names.requestMaxTokens]: number('max_tokens'),
        [ati.contextWindow]: number('window'),
        [names.requestStream]: flag('stream'),
        [ati.streamDurationS]: number('duration_s'),
        [ati.streamTokenIntervalMs]: number('token_interval_ms'),
        [ati.step]: number('step'),
      },
      learned: {
        [names.timeToFirstChunk]: fraction('first_chunk_s'),
        [names.responseModel]: text('response_model'),
        [names.responseId]: text('response_id'),
        [names.finishReasons]: list('finish_reason'),
        ...usage,
        [ati.toolCallId]: text('tool_call_id'),
        [names.inputMessages]: content('input_messages'),
        [names.outputMessages]: content('output_messages'),
      },
      sort: ({ stream }) => (stream ? 'token_stream' : 'generation'),
    },
    execute_tool: {
      kind: 'internal',
      name: named('execute_tool', 'tool'),
      opening: {
        [names.operationName]: is('execute_tool'),
        [names.toolName]: text('tool'),
        [names.toolCallId]: text('call_id'),
        [names.toolType]: is('function'),
        [names.toolDescription]: text('description'),
        [ati.toolName]: text('tool'),
        ...asked,
      },
      learned: { [names.toolArguments]: content('arguments'), [names.toolResult]: content('result') },
      sort: () => 'tool_call',
    },
    retrieval: {
      kind: 'client',
      name: named('retrieval', 'source'),
      opening: {
        [names.operationName]: is('retrieval'),
        [names.providerName]: text('provider'),
        [names.dataSourceId]: text('source'),
        [openInferenceKind]: is('RETRIEVER'),
        [ati.toolName]: text('source'),
        ...asked,
      },
      learned: { [names.retrievalDocuments]: content('documents') },
      sort: () => 'tool_call',
    },
    hand_over: {
      kind: 'client',
      name: ({ method, tool }) => `${method} ${tool}`,
      opening: {
        [names.operationName]: is('execute_tool'),
        [mcp.methodName]: text('method'),
        [names.toolName]: text('tool'),
        [names.toolCallId]: text('call_id'),
        [mcp.requestId]: text('call_id'),
        [mcp.transport]: is('tcp'),
        [http.serverAddress]: text('server_address'),
        [http.serverPort]: number('server_port'),
        [ati.toolName]: text('tool'),
      },
      learned: {
        [http.statusCode]: number('status'),
        [names.toolArguments]: content('arguments'),
        [names.toolResult]: content('result'),
      },
      sort: () => 'tool_call',
    },
    human_feedback: {
      kind: 'internal',
      name: () => 'human_feedback',
      opening: {
        [ati.humanDelayS]: number('delay_s'),
        [names.toolName]: text('tool'),
        [names.toolArguments]: content('arguments'),
      },
      sort: () => 'interactive',
    },
    process_chunk: {
      kind: 'internal',
      name: () => 'process_chunk',
      opening: {
        [ati.ragChunkIndex]: number('index'),
        [ati.ragChunkBytes]: number('bytes'),
        [names.dataSourceId]: text('source'),
        [ati.ragChunkDocument]: text('document'),
        [ati.ragChunkCached]: flag('cached'),
        [ati.ragChunkContent]: content('content'),
      },
      learned: { [names.outputTokens]: number('output_tokens') },
      sort: () => 'internal',
    },
    checkpoint: {
      kind: 'internal',
      name: () => 'checkpoint',
      opening: { [ati.checkpointSizeKb]: number('size_kb') },
      sort: () => 'checkpoint',
    },
  },
  events: {
    retry: {
      [ati.retryAttempt]: number('attempt'),
      [ati.retryDelayMs]: number('delay_ms'),
      [ati.retryAskedMs]: number('asked_ms'),
    },
    paused: {},
    resumed: { [ati.humanOutcome]: text('outcome') },
    first_token: { [ati.streamTokens]: number('tokens') },
    background_started: { [ati.streamTokens]: number('tokens'), [ati.streamNextMs]: number('next_ms') },
    background_ended: { [ati.streamTokens]: number('tokens'), [ati.streamNextMs]: number('next_ms') },
    stall: { [ati.streamTokens]: number('tokens'), [ati.streamGapMs]: number('gap_ms') },
    last_token: { [ati.streamTokens]: number('tokens') },
  },
  run: { [ati.workflow]: text('workflow'), [ati.scenario]: text('scenario') },
  agentId: ati.agentId,
  sort: ati.spanKind,
  errorType,
  operationOf,
} satisfies DialectTable

export const genAi = defineDialect('gen-ai', table)

/** A GenAI operation, a word of ours, or an HTTP call. */
function operationOf({ attributes, kind, name }: ReadableSpan): string {
  if (attributes[mcp.methodName] !== undefined) return 'hand_over'
  const operation = attributes[names.operationName]
  if (typeof operation === 'string') return operation
  if (attributes[ati.spanKind] !== undefined) return name
  if (kind === 'server') return 'http_server'
  return kind === 'client' && attributes[http.method] !== undefined ? 'http_client' : name
}
