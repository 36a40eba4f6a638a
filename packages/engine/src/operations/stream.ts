import { ati, genAi } from 'dialects/gen-ai/semconv'
import { drawCompletion, drawMs, modelName, sentence } from '../model.ts'
import type { Step } from '../step.ts'
import { chatAttributes, responseAttributes, textMessage } from './chat.ts'

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

/** A double on the wire, where a whole number would be an integer: a nanosecond more is less than any clock here sees. */
const fractional = (seconds: number) => (Number.isInteger(seconds) ? seconds + 1e-9 : seconds)

/** A gap between two tokens this many times the interval is a stall. */
const stallFactor = 3
/** Leaves room for the other events below the span's limit of 4,096. */
const mostStalls = 4000

/** One call whose tokens come one by one. Events on its span tell the timeline, never one a token. Resolves to the tokens. */
export function streamChat(agent: Step, options: StreamOptions): Promise<number> {
  const { run } = agent
  const { clock, signal } = run
  const key = `${agent.key}/chat`
  const random = run.random.fork(key)
  const completion = drawCompletion(random, 0, 0, 0)
  const ttftMs = drawMs(random, options.ttftMs, run.jitter)
  return agent.open(
    {
      key,
      operation: 'chat',
      name: `chat ${modelName}`,
      kind: 'client',
      spanKind: 'token_stream',
      injected: { drawn_ms: options.durationMs },
      attributes: {
        ...chatAttributes,
        [genAi.requestStream]: true,
        [ati.streamDurationS]: Math.ceil(options.durationMs / 1000),
        [ati.streamTokenIntervalMs]: Math.round(options.intervalMs),
      },
    },
    async (step) => {
      const startMs = clock.now()
      let tokens = 0
      let stalls = 0
      let lastAt = 0
      let backgroundEnded = false
      const soFar = () => ({ [ati.streamTokens]: tokens })
      void options.background.started.then(() => step.event('background_started', soFar()))
      const ended = options.background.ended.then(() => {
        if (signal.aborted) return
        backgroundEnded = true
        step.event('background_ended', soFar())
      })

      const emitToken = async () => {
        const now = clock.now()
        const gapMs = now - lastAt
        if (tokens > 0 && gapMs > stallFactor * options.intervalMs && stalls++ < mostStalls) {
          step.event('stall', { ...soFar(), [ati.streamGapMs]: Math.round(gapMs) })
        }
        lastAt = now
        await run.emit({ type: 'token', index: tokens++, text: sentence(random, 1) })
      }

      await clock.sleep(ttftMs, signal)
      step.set({ [genAi.timeToFirstChunk]: fractional((clock.now() - startMs) / 1000) })
      step.event('first_token')
      await emitToken()
      while (clock.now() - startMs < options.durationMs || !backgroundEnded) {
        const contended = run.toolCallsInFlight > 0 ? 1 + options.contention : 1
        await clock.sleep(drawMs(random, options.intervalMs, run.jitter) * contended, signal)
        await emitToken()
      }
      await ended
      step.idealMs += options.durationMs
      step.event('last_token', soFar())
      step.set(responseAttributes({ ...completion, outputTokens: tokens }, 'stop'))
      if (run.captureContent) {
        step.set({
          [genAi.inputMessages]: JSON.stringify([textMessage('user', sentence(random, 24))]),
          [genAi.outputMessages]: JSON.stringify([
            { ...textMessage('assistant', `${tokens} tokens`), finish_reason: 'stop' },
          ]),
        })
      }
      return tokens
    },
  )
}
