/**
 * Every name that our own spans carry, in one place. GenAI conventions as of v1.41.1, the last versioned set:
 * https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai
 * HTTP: https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/http
 */

export const errorType = 'error.type'
/** Of a resource: which process of a service it is. */
export const instanceIdAttribute = 'service.instance.id'

export const genAi = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  workflowName: 'gen_ai.workflow.name',
  agentName: 'gen_ai.agent.name',
  agentId: 'gen_ai.agent.id',
  conversationId: 'gen_ai.conversation.id',
  requestModel: 'gen_ai.request.model',
  requestMaxTokens: 'gen_ai.request.max_tokens',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  responseId: 'gen_ai.response.id',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  toolName: 'gen_ai.tool.name',
  toolCallId: 'gen_ai.tool.call.id',
  toolType: 'gen_ai.tool.type',
  toolDescription: 'gen_ai.tool.description',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolResult: 'gen_ai.tool.call.result',
  dataSourceId: 'gen_ai.data_source.id',
  retrievalDocuments: 'gen_ai.retrieval.documents',
} as const

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ */
export const mcp = {
  methodName: 'mcp.method.name',
  requestId: 'jsonrpc.request.id',
  transport: 'network.transport',
} as const

export const http = {
  method: 'http.request.method',
  resendCount: 'http.request.resend_count',
  statusCode: 'http.response.status_code',
  responseBodySize: 'http.response.body.size',
  retryAfter: 'http.response.header.retry-after',
  route: 'http.route',
  clientAddress: 'client.address',
  protocolVersion: 'network.protocol.version',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  urlFull: 'url.full',
  urlPath: 'url.path',
  urlQuery: 'url.query',
  urlScheme: 'url.scheme',
  userAgent: 'user_agent.original',
} as const

/**
 * What Iocane ATI reads, and what is ours beside it. An attribute has one type: the SDK sends a whole number as an integer and any
 * other as a double, so numbers are whole by definition, rounded where they are not. ATI reads two as they were asked for, and
 * those are of either type: `ati.tool.error_rate` and `ati.human.delay_s`.
 */
export const ati = {
  agentId: 'ati.agent.id',
  spanKind: 'ati.span.kind',
  workflow: 'ati.workflow',
  scenario: 'ati.scenario',
  toolName: 'ati.tool.name',
  toolCallId: 'ati.tool.call.id',
  toolDelayMs: 'ati.tool.delay_ms',
  toolErrorRate: 'ati.tool.error_rate',
  toolPayloadKb: 'ati.tool.payload_kb',
  retryAttempt: 'ati.retry.attempt',
  retryMax: 'ati.retry.max',
  retryDelayMs: 'ati.retry.delay_ms',
  /** Of `Retry-After`, where it was more than the run waits. */
  retryAskedMs: 'ati.retry.asked_ms',
  workerIndex: 'ati.worker.index',
  queuedMs: 'ati.worker.queued_ms',
  chainIndex: 'ati.chain.index',
  chainDepth: 'ati.chain.depth',
  fanout: 'ati.fanout',
  concurrency: 'ati.concurrency',
  dagFanout: 'ati.dag.fanout',
  reactMaxSteps: 'ati.react.max_steps',
  step: 'ati.step',
  contextWindow: 'ati.context.window',
  humanDelayS: 'ati.human.delay_s',
  humanOutcome: 'ati.human.outcome',
  ragChunks: 'ati.rag.chunks',
  ragTotalKb: 'ati.rag.total_kb',
  ragChunkIndex: 'ati.rag.chunk.index',
  ragChunkBytes: 'ati.rag.chunk.bytes',
  ragChunkContent: 'ati.rag.chunk.content',
  ragChunkDocument: 'ati.rag.chunk.document',
  ragChunkCached: 'ati.rag.chunk.cached',
  streamDurationS: 'ati.stream.duration_s',
  streamTokens: 'ati.stream.tokens',
  streamTokenIntervalMs: 'ati.stream.token_interval_ms',
  streamGapMs: 'ati.stream.gap_ms',
  streamNextMs: 'ati.stream.next_ms',
  backgroundFanout: 'ati.bg.fanout',
  checkpointSizeKb: 'ati.checkpoint.size_kb',
} as const

/** Tells backends that do not know the operation what a span is: https://github.com/Arize-ai/openinference/tree/main/spec */
export const openInferenceKind = 'openinference.span.kind'
