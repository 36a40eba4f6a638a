/** Every scenario there is, in the order in which they are listed. */
export const scenarioNames = [
  'fanout',
  'chain',
  'retry',
  'dag',
  'react',
  'human',
  'rag',
  'stream',
  'handoff',
  'loop',
  'cascade',
  'silent',
  'hallucination',
  'overflow',
] as const
export type ScenarioName = (typeof scenarioNames)[number]
