import type { OpenStep } from '../open-step.ts'

export interface HumanOptions {
  /** How long the person takes, s. */
  delayS: number
  outcome: 'approve' | 'reject' | 'expire'
}

/** Waits for a person: the agent is idle, not slow. Whatever they decide, it is an outcome and not an error. */
export function awaitHuman(agent: OpenStep, { delayS, outcome }: HumanOptions): Promise<boolean> {
  const { clock } = agent.run
  return agent.open(
    {
      key: `${agent.key}/feedback`,
      injected: { drawn_ms: delayS * 1000 },
      facts: { operation: 'human_feedback', delay_s: delayS },
    },
    async (step) => {
      step.event({ name: 'paused', time_ms: clock.now() })
      await step.spend(delayS * 1000)
      step.event({ name: 'resumed', time_ms: clock.now(), outcome })
      return outcome === 'approve'
    },
  )
}
