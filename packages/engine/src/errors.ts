/** What came back with a failure, if anything did. */
export interface FailedAnswer {
  status?: number
  /** How long the tool asked to be left alone, ms, and as it stood in `Retry-After`. */
  retryAfterMs?: number
  retryAfter?: string
  /** Who answered, and how long it took, where it is tool-service that said so. */
  service?: string
  delayMs?: number
}

/** A call that failed: the agent hears of it and may live with it. */
export abstract class CallFailure extends Error {
  /** Low-cardinality, for `error.type`: `tool_unavailable`, `timeout`, `connection_reset`, `invalid_response` … */
  readonly errorType: string
  readonly answer: FailedAnswer

  constructor(errorType: string, message: string, answer: FailedAnswer = {}) {
    // An outcome, not a fault of the code: nobody reads where it was made, and to find that out costs more than the call.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.errorType = errorType
    this.answer = answer
  }

  /** Whether it may be different the next time: a request that was wrong stays wrong. */
  get isRetryable(): boolean {
    const { status = 0 } = this.answer
    return status < 400 || status >= 500 || status === 429
  }
}

/** Of a tool. */
export class ToolFailure extends CallFailure {
  override name = 'ToolFailure'
}

/** Of a model. */
export class ModelFailure extends CallFailure {
  override name = 'ModelFailure'
  readonly #hasBegun: boolean

  /** `hasBegun` where a part of the answer had come: nobody asks again behind the back of whoever reads it. */
  constructor(errorType: string, message: string, answer?: FailedAnswer, hasBegun = false) {
    super(errorType, message, answer)
    this.#hasBegun = hasBegun
  }

  override get isRetryable(): boolean {
    return !this.#hasBegun && super.isRetryable
  }
}

/** What a tool means that answered with this status, which is no 200. */
export function refusal(tool: string, status: number, answer: Omit<FailedAnswer, 'status'>): ToolFailure {
  const errorType = status === 503 ? 'tool_unavailable' : 'unexpected_status'
  return new ToolFailure(errorType, `${tool} answered ${status}`, { ...answer, status })
}

/** There is no tool-service where it should be: no agent can go on, so the run ends. */
export class ToolServiceUnreachable extends Error {
  override name = 'ToolServiceUnreachable'
  readonly errorType = 'tool_service_unreachable'
}

/** A scenario does more than it has declared: what was admitted by its word would not hold. */
export class UndeclaredDemand extends Error {
  override name = 'UndeclaredDemand'

  constructor(what: string, declared: number) {
    super(`More ${what} than the ${declared} that the scenario's demand declares`)
  }
}

/** A part of a run is asked for that it does not have. */
export class UnknownPart extends Error {
  override name = 'UnknownPart'

  constructor(part: string) {
    super(`This run has no part ${JSON.stringify(part.slice(0, 100))}`)
  }
}

/** The run ends before its time: nobody waits for it any more, its time is over, or the process stops. */
export class RunCancelled extends Error {
  override name = 'RunCancelled'
  readonly reason: 'client_left' | 'run_timeout' | 'stopping' | 'failure_elsewhere'

  constructor(reason: RunCancelled['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }

  get errorType(): string {
    return this.reason === 'run_timeout' ? 'timeout' : 'cancelled'
  }
}

/** What went wrong elsewhere, where that is what a run was cancelled for. */
export function causeOfCancel({ reason }: AbortSignal): unknown {
  return reason instanceof RunCancelled ? reason.cause : undefined
}

/** The value of `error.type` for whatever ended a step. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof CallFailure || error instanceof ToolServiceUnreachable || error instanceof RunCancelled)
    return error.errorType
  return error instanceof Error ? error.name : '_OTHER'
}

/** Whether tools and models did what they were asked to; an agent that uses this lives with a failure. Anything but a failed call is thrown. */
export async function succeeded(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof CallFailure) return false
    throw error
  }
}
