/** What the workflow of every blind run is called. */
export const businessWorkflow = 'support_case'

/** Agents by the names that scenarios give them, as a business calls those that do such work. */
const businessNames: Readonly<Record<string, string>> = {
  planner: 'triage',
  react: 'triage',
  assistant: 'triage',
  analyst: 'triage',
  worker: 'resolver',
  link: 'resolver',
  branch: 'resolver',
  aggregator: 'reviewer',
  streamer: 'responder',
  background: 'researcher',
  prefetch: 'researcher',
}

/** What an agent is called in a blind run: one name for several scenarios, so that it tells none. */
export function businessNameOf(agent: string): string {
  return businessNames[agent] ?? agent
}
