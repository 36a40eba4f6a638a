import type { SomeTokens } from 'contract/usage'
import type { FaultDeclaration } from '../key/register.ts'
import { ModelFailure } from '../errors.ts'
import { modelName } from '../model.ts'
import { breaksAnswer, type DrawnFailure, type DrawnFailures, drawFailures, failureOf } from '../model-failures.ts'
import type { OpenStep } from '../open-step.ts'
import { backoff } from '../retry-policy.ts'
import { waitBefore } from './attempt.ts'

/** Somebody else's: no SERVER span of it is owed. */
const api = { url: 'https://models.example/v1/chat', server_address: 'models.example', server_port: 443 } as const

const noAnswer = { output_tokens: 0, reasoning_tokens: undefined } as const

/** A client gives up on a model that is silent for so many times the usual time to its answer, or to its first token. */
const patience = 10

export interface Asked<T> {
  /** How long the model usually takes to its answer, or to its first token, ms. */
  usualMs: number
  /** Whether a failure may come amid the answer: the client has what came before it, and cannot ask again. */
  isStream?: boolean
  /** What an attempt used that has been answered, or broke off; one that got no answer used the prompt alone. */
  usage: () => SomeTokens
  /** Makes the answer, in the time of `step`; `end` is what keeps it from being whole. */
  answer: (step: OpenStep, end: DrawnFailure | undefined) => Promise<T>
}

/**
 * One logical call of the model. Where models fail, its attempts are POST spans below `chat`, which are sent again as clients
 * of providers do; where they do not, `chat` is all there is. Rejects with ModelFailure when no attempt was answered.
 */
export function askModel<T>(chat: OpenStep, asked: Asked<T>): Promise<T> {
  const { run } = chat
  const rate = run.planted.modelFailureRateOf(run.llmErrorRate)
  return rate === 0 ? asked.answer(chat, undefined) : askAgain(chat, asked, rate)
}

/** Attempt by attempt, each of which fails at `rate`. */
async function askAgain<T>(chat: OpenStep, asked: Asked<T>, rate: number): Promise<T> {
  const { usualMs, isStream = false, usage, answer } = asked
  const { run } = chat
  const { modelRetry: retry, retryAfterS } = run.profile
  const random = run.random.fork(`${chat.record.key}/failures`)
  const drawn = drawFailures(random, { rate, attempts: 1 + retry.maxRetries, isStream, retryAfterS })

  const isBilled = run.quirks.has('retries_billed')
  const attempt = (number: number): Promise<T> => {
    const key = `${chat.record.key}/post/${number}`
    const planned = drawn.attempts[number]
    const failure = planned && run.faults.strikes(faultOf(chat, planned, drawn, rate), key) ? planned : undefined
    const injected = failure ? { fault: 'model_failure' as const } : null
    const facts = { operation: 'http_client', method: 'POST', ...api, attempt: number } as const
    return chat.open({ key, injected, facts }, async (client) => {
      if (failure && !breaksAnswer(failure, isStream)) {
        if (isBilled && failure.name === 'timed_out') client.learn<'http_client'>({ ...usage(), ...noAnswer })
        return refuse(client, failure, usualMs)
      }
      const answered = await answer(client, failure)
      client.learn<'http_client'>({ status: 200, ...(isBilled && usage()) })
      if (failure?.name === 'timed_out') return refuse(client, failure, usualMs, true)
      return answered
    })
  }

  for (let number = 0; ; number++) {
    try {
      return await attempt(number)
    } catch (error) {
      if (!(error instanceof ModelFailure) || !error.isRetryable || number >= retry.maxRetries) throw error
      const waitMs = backoff(retry, number + 1, random.fork(`backoff/${number + 1}`), error.answer.retryAfterMs)
      await waitBefore(chat, number + 1, waitMs, error)
    }
  }
}

/** Takes the time that it takes to hear that there is no answer, or no more of it, and says so. */
async function refuse(client: OpenStep, drawn: DrawnFailure, usualMs: number, hasBegun = false): Promise<never> {
  await client.spend(drawn.name === 'timed_out' ? patience * usualMs : drawn.share * usualMs)
  const failure = failureOf(drawn, hasBegun)
  const { status, retryAfter } = failure.answer
  if (status === undefined) throw failure
  client.learn<'http_client'>({ status, ...(retryAfter !== undefined && { retry_after: retryAfter }) })
  client.fail(String(status), failure.message)
  throw failure
}

/** Failures that a resend rescued are one fault of the model, by what they were; a call that nobody answers is one of its own. */
function faultOf(
  { record }: OpenStep,
  failure: DrawnFailure,
  { attempts, losesCall }: DrawnFailures,
  rate: number,
): FaultDeclaration {
  const { name } = (losesCall && attempts.at(-1)) || failure
  const kind = name === 'rate_limited' ? 'rate_limited' : 'model_failed'
  const entity = { model: modelName }
  if (!losesCall) return { id: `${kind}/${modelName}`, kind, entity, magnitude: { unit: 'rate', value: rate } }
  const agent = record.agent_id === null ? {} : { agent: record.agent_id }
  return { id: `${kind}/${record.key}`, kind, entity: { ...entity, ...agent }, losesCall }
}
