import type { EventOf } from 'contract/facts'
import type { Random } from 'contract/random'
import type { FaultDeclaration } from '../key/register.ts'
import { drawCompletion, drawMs, modelName, provider, sentence } from '../model.ts'
import { type DrawnFailure, failureOf } from '../model-failures.ts'
import type { OpenStep } from '../open-step.ts'
import { askModel } from './ask-model.ts'
import { responseFacts, tokenFacts } from './chat.ts'
import { textMessage } from './messages.ts'

export interface StreamOptions {
  /** Median time to the first token, ms. */
  ttftMs: number
  /** Median time between two tokens, ms. */
  intervalMs: number
  /** The interval is × (1 + contention) while a tool call is under way. */
  contention: number
  /** How long tokens come at least, ms. */
  durationMs: number
  /** Work beside the stream, which goes on until it has ended. */
  background: { started: Promise<void>; ended: Promise<void> }
}

/** A gap between two tokens this many times the interval that was due, slowed down or not, is a stall. */
const stallFactor = 3
/** Leaves room for the other events below the span's limit of 4,096. */
const mostStalls = 4000

/** The fault that background work is to a stream. */
export const contentionOf = ({ contention }: Pick<StreamOptions, 'contention'>): FaultDeclaration => ({
  id: 'contention',
  kind: 'contention',
  entity: { model: modelName },
  magnitude: { unit: 'factor', value: 1 + contention },
})

/** Tells whoever reads along of one more token. */
export function tellToken(run: OpenStep['run'], random: Random, index: number): Promise<void> | undefined {
  // Drawn whether or not anybody reads along: what comes after it is the same.
  const text = sentence(random, 1)
  return run.emit?.({ type: 'token', index, text })
}

/** One call whose tokens come one by one. Events on its span tell the timeline, never one a token. Rejects with ModelFailure where it has no end. */
export async function streamChat(agent: OpenStep, options: StreamOptions): Promise<void> {
  const { run } = agent
  const { clock, signal } = run
  const key = `${agent.key}/chat`
  const contention = contentionOf(options)
  const random = run.random.fork(key)
  const completion = drawCompletion(random, { profile: run.profile, llmDelayMs: 0, jitter: 0 })
  const modelFactor = run.planted.modelFactorOf(key)
  const ttftMs = run.profile.firstTokenMs(random, options.ttftMs, run.jitter) * modelFactor
  const broken = await agent.open(
    {
      key,
      injected: { drawn_ms: options.durationMs, ...(modelFactor > 1 && { fault: 'slow_model' }) },
      facts: {
        operation: 'chat',
        provider,
        model: modelName,
        stream: true,
        duration_s: Math.ceil(options.durationMs / 1000),
        token_interval_ms: Math.round(options.intervalMs),
      },
    },
    async (step) => {
      const startMs = clock.now()
      let tokens = 0
      let stalls = 0
      let lastAt = 0
      let backgroundEnded = false
      /** Marks that wait for the next token, by which it is known which pace they fell into. */
      const marks: EventOf<'background_started' | 'background_ended'>[] = []
      void options.background.started.then(() =>
        marks.push({ name: 'background_started', time_ms: clock.now(), tokens }),
      )
      const ended = options.background.ended.then(() => {
        if (signal.aborted) return
        backgroundEnded = true
        marks.push({ name: 'background_ended', time_ms: clock.now(), tokens })
      })

      /** Resolves when somebody who reads along has taken it; undefined where nobody has to be waited for. */
      const emitToken = (dueMs: number): Promise<void> | undefined => {
        const now = clock.now()
        for (const mark of marks) step.event({ ...mark, next_ms: Math.round(now - mark.time_ms) })
        marks.length = 0
        const gapMs = now - lastAt
        if (tokens === 0) step.event({ name: 'first_token', time_ms: now, tokens: 1 })
        else if (gapMs > stallFactor * dueMs && stalls++ < mostStalls)
          step.event({ name: 'stall', time_ms: now, tokens, gap_ms: Math.round(gapMs) })
        lastAt = now
        return tellToken(run, random, tokens++)
      }

      const used = () => ({ ...completion, outputTokens: tokens, reasoningTokens: 0 })
      const answer = async (asked: OpenStep, end: DrawnFailure | undefined) => {
        const askedMs = clock.now()
        const lastsMs = options.durationMs * (end?.share ?? 1)
        await clock.sleep(ttftMs, signal)
        step.learn<'chat'>({ first_chunk_s: (clock.now() - startMs) / 1000 })
        await emitToken(ttftMs)
        while (clock.now() - askedMs < lastsMs || !(backgroundEnded || end)) {
          const isContended = options.contention > 0 && run.toolCallsInFlight > 0 && run.faults.strikes(contention, key)
          const slowness = modelFactor * (isContended ? 1 + options.contention : 1)
          await clock.sleep(drawMs(random, options.intervalMs, run.jitter) * slowness, signal)
          const written = emitToken(options.intervalMs * slowness)
          if (written) await written
        }
        if (!end) await ended
        asked.idealMs += lastsMs
        for (const mark of marks) step.event(mark)
        step.event({ name: 'last_token', time_ms: lastAt, tokens })
        const reason = end === undefined ? 'stop' : end.name === 'withheld' ? 'content_filter' : undefined
        const response = responseFacts(used(), reason)
        if (run.captureContent) {
          const said = { ...textMessage('assistant', `${tokens} tokens`), finish_reason: reason ?? 'error' }
          response.input_messages = JSON.stringify([textMessage('user', sentence(random, 24))])
          response.output_messages = JSON.stringify([said])
        }
        step.learn<'chat'>(response)
        return end
      }
      return askModel(step, { usualMs: options.ttftMs, isStream: true, usage: () => tokenFacts(used()), answer })
    },
  )
  if (broken) throw failureOf(broken, true)
}
