import type { LedgerStep } from 'contract/ledger'
import { expect, test } from 'vitest'
import { simulate } from '../../../test/support/simulated.ts'
import { scenarios } from '../src/scenarios/index.ts'

/** Calls of tools in the traces of a run, each with what its agent had done before it, and whether a model had asked for it. */
async function callsOf(scenario: string, query: Record<string, string | number>) {
  const { run, goOn } = await simulate(scenario, query)
  return [run, ...(await goOn())].flatMap(({ ledger: { steps } }) => {
    const endOf = new Map(steps.flatMap(askedBy))
    return steps.flatMap(({ id, key, facts, start_ms, parent_id }) => {
      if (facts.operation !== 'execute_tool') return []
      const before = steps.slice(0, id).findLast((step) => step.parent_id === parent_id)
      return [{ key, before, isAsked: (endOf.get(facts.call_id) ?? Infinity) <= start_ms }]
    })
  })
}

/** The id of the call that a model asks for, with when it has done so. */
function askedBy({ facts, start_ms, duration_ms }: LedgerStep): [string | undefined, number][] {
  return facts.operation === 'chat' && facts.tool_call_id !== undefined
    ? [[facts.tool_call_id, start_ms + (duration_ms ?? Infinity)]]
    : []
}

/** What code plans at level 1: the join of branches, work beside a stream, a crowd at one tool. */
const planned: Readonly<Record<string, RegExp>> = {
  dag: /^aggregator\/call$/,
  stream: /^background\/call\/\d+$/,
  cascade: /^worker\/\d+\/call\/\d+$/,
}

test.each(scenarios)('a call of $name was asked for by a model, or code plans it', async ({ name }) => {
  const calls = await callsOf(name, { seed: 'a' })
  const ofCode = calls.filter(({ key }) => planned[name]?.test(key))
  expect(calls.filter(({ isAsked }) => !isAsked)).toEqual(ofCode)
  expect(ofCode.length > 0).toBe(Object.hasOwn(planned, name))
})

const isPlanned: ReadonlySet<string> = new Set(['fanout', 'chain', 'retry', 'dag', 'rag', 'stream', 'cascade'])

test.each(scenarios)('above level 1 a script says which calls of $name a model asks for', async ({ name }) => {
  for (const level of [2, 3, 4]) {
    const calls = await callsOf(name, { seed: 'a', level })
    if (isPlanned.has(name)) expect(calls.filter(({ isAsked }) => isAsked)).toEqual([])
    else expect(calls.filter(({ isAsked, before }) => !isAsked && !isFollowed(before))).toEqual([])
  }
})

/** A person has answered, in another trace where there is nothing before; or the tool that was asked first has failed. */
const isFollowed = (before: LedgerStep | undefined) =>
  before === undefined ||
  before.facts.operation === 'human_feedback' ||
  (before.facts.operation === 'execute_tool' && before.status === 'error')
