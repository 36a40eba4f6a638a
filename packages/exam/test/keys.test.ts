import type { Key, KeyFault } from 'contract/key'
import { questionsOf } from 'exam/asked'
import { type Known, questionKeyOf } from 'exam/keys'
import { expect, it } from 'vitest'

const agents: Readonly<Record<string, { id: string; isLead: boolean }>> = {
  led: { id: 'triage:v1', isLead: true },
  worked: { id: 'resolver:1c4ab317', isLead: false },
}

function entityOf(entity: KeyFault['entity'], span: string): string[][] | undefined {
  const fault = { id: 'f', kind: 'straggler', standing: 'required', accepted: [[span]], entity } as unknown as KeyFault
  const known: Known = {
    scenario: 'fanout',
    key: { trace_id: 't', faults: [fault], neutral: [] } as unknown as Key,
    costMs: 0,
    start_ms: 0,
    agentsOf: (ids) => ids.flatMap((id) => agents[id] ?? []),
  }
  const [question] = questionsOf('t', { subjects: ['entity'], kinds: ['straggler'] })
  return question && questionKeyOf(question, known).accepted
}

it('who is to blame is an instance, and no lead where something else is', () => {
  expect(entityOf({ agent: 'worker:7' }, 'worked')).toEqual([['resolver:1c4ab317']])
  expect(entityOf({ agent: 'worker:7', tool: 'search' }, 'worked')).toEqual([['search', 'resolver:1c4ab317']])
  expect(entityOf({ agent: 'triage', tool: 'search' }, 'led')).toEqual([['search']])
  expect(entityOf({ agent: 'triage' }, 'led')).toEqual([['triage:v1']])
})
