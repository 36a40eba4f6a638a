import type { OpenStep } from '../open-step.ts'

export interface HumanOptions {
  /** How long the person takes, s; drawn where nobody says it. */
  delayS: number | undefined
  outcome: 'approve' | 'reject' | 'expire'
  /** Which of several waits of one agent. */
  index?: number
  /** Nobody waits here: they are asked, and that is all. */
  isLeft?: boolean | undefined
  /** The call that they are asked about, its arguments as text of JSON. */
  about?: { tool: string; arguments: string }
}

/** Waits for a person: the agent is idle, not slow. Whatever they decide, it is an outcome and not an error. */
export function awaitHuman(
  agent: OpenStep,
  { delayS: askedS, outcome, index, about, isLeft }: HumanOptions,
): Promise<boolean> {
  const { clock, profile, random } = agent.run
  const key = index === undefined ? `${agent.key}/feedback` : `${agent.key}/feedback/${index}`
  const delayS = profile.personS(random.fork(key), askedS)
  return agent.open(
    {
      key,
      injected: isLeft ? null : { drawn_ms: delayS * 1000 },
      facts: { operation: 'human_feedback', delay_s: delayS, ...about },
    },
    async (step) => {
      step.event({ name: 'paused', time_ms: clock.now() })
      if (isLeft) return false
      await step.spend(delayS * 1000)
      step.event({ name: 'resumed', time_ms: clock.now(), outcome })
      return outcome === 'approve'
    },
  )
}
