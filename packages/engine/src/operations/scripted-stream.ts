import { provider } from '../model.ts'
import type { OpenStep } from '../open-step.ts'
import { responseFacts } from './chat.ts'
import { tellToken } from './stream.ts'

/** Work beside a stream begins, or ends. */
export type BackgroundMark = 'background_started' | 'background_ended'

export interface ScriptedStream {
  key: string
  model: string
  inputTokens: number
  /** How long the next token takes once so many have come, ms; undefined when those were all. */
  nextMs: (tokens: number) => number | undefined
  /** Hears of all that goes on beside it from now on, until what is returned is called. */
  listen: (mark: (name: BackgroundMark) => void) => () => void
}

/** One call whose tokens come when it is decided that they do. How far it had come is marked at each begin and end beside it. */
export function scriptedStream(
  agent: OpenStep,
  { key, model, inputTokens, nextMs, listen }: ScriptedStream,
): Promise<void> {
  const { run } = agent
  const { clock, signal } = run
  const random = run.random.fork(key)
  return agent.open({ key, facts: { operation: 'chat', provider, model, stream: true } }, async (step) => {
    const startMs = clock.now()
    let tokens = 0
    const mark = (name: BackgroundMark | 'first_token' | 'last_token') =>
      step.event({ name, time_ms: clock.now(), tokens })
    const stopListening = listen(mark)
    try {
      // When tokens are due, not how long timers take: a late one is made up for by the next.
      let dueMs = startMs
      for (let ms = nextMs(0); ms !== undefined; ms = nextMs(tokens)) {
        step.idealMs += ms
        dueMs += ms
        await clock.sleep(dueMs - clock.now(), signal)
        if (++tokens === 1) {
          step.learn<'chat'>({ first_chunk_s: (clock.now() - startMs) / 1000 })
          mark('first_token')
        }
        await tellToken(run, random, tokens - 1)
      }
      mark('last_token')
    } finally {
      stopListening()
    }
    const responseId = `resp_${random.identifier('response', 24)}`
    const usage = {
      inputTokens,
      cachedTokens: 0,
      cacheWriteTokens: inputTokens,
      outputTokens: tokens,
      reasoningTokens: 0,
    }
    step.learn<'chat'>({ ...responseFacts({ responseId, ...usage }, 'stop'), response_model: model })
  })
}
