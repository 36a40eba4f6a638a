import { signal } from '@preact/signals'
import { chance, mayBeFaulty } from '../../model/exam.ts'
import type { Examined } from '../../server/examine.ts'
import { address, go, note } from './address.ts'
import { announce } from './announce.ts'
import { agentFor, agents, loadAgents, scenarioFor, scenariosOf } from './agents.ts'
import { getJson, messageOf } from './api.ts'
import { hex, playRun } from './run.ts'

/** Ids of the spans that the reader points at. */
export const pointedAt = signal<ReadonlySet<string>>(new Set())
export const score = signal<Examined | null>(null)
export const examProblem = signal('')

/** How an answer was, in words. */
export const verdicts = { right: '✓ Right', partly: '◐ Partly right', wrong: '✕ Wrong' }

export function point(ids: readonly string[]): void {
  pointedAt.value = new Set([...pointedAt.value, ...ids])
}

export function unpoint(id?: string): void {
  pointedAt.value = id === undefined ? new Set() : new Set([...pointedAt.value].filter((each) => each !== id))
}

/** How hard the next exam is that is drawn. */
export const level = signal('1')
export const levels = ['1', '2', '3', '4']

/** A scenario by chance, of those that may have a fault. */
export function surprise(): void {
  const { agent } = address.value
  const all = scenariosOf.value[agentFor(agent)?.id ?? ''] ?? []
  const list = all.filter(({ path, name }) => path !== '/stream' && mayBeFaulty(name, { level: level.value }))
  const scenario = list[Math.floor(Math.random() * list.length)]
  if (!scenario) return
  const params = { seed: hex(8), ...(level.value !== '1' && { level: level.value }) }
  go({ page: 'exam', agent, scenario: scenario.name, params })
}

/** Plays what the address asks for as a blind run; the trace is part of the address from then on. */
export async function startExam(): Promise<void> {
  const { agent, scenario: name, params } = address.value
  // Who is quick begins before it is known who runs.
  if (agents.value.length === 0) await loadAgents()
  const known = agentFor(agent)
  const scenario = known && scenarioFor(agent, name)
  if (!known || !scenario) return
  score.value = null
  unpoint()
  const result = await playRun(known.id, scenario, { ...params, ...chance(scenario.name, params) }, true)
  if (result) note({ page: 'exam', trace: result.trace_id, params })
}

/** Hands the answer in; pointing at nothing says that nothing is wrong. */
export async function handIn(): Promise<void> {
  examProblem.value = ''
  try {
    score.value = await getJson<Examined>(`/traces/${address.value.trace}/answer`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ span_ids: [...pointedAt.value] }),
    })
    announce(`${verdicts[score.value.verdict]}. ${score.value.text}`)
  } catch (error) {
    examProblem.value = messageOf(error)
  }
}
