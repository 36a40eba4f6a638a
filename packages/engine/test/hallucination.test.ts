import { compareWithKey } from 'findings/planted'
import { describe, expect, it } from 'vitest'
import { chatsIn, expectMemory, paidIn } from '../../../test/support/conversations.ts'
import { simulate } from '../../../test/support/simulated.ts'
import { keyOf } from '../src/key/key.ts'

const seeds = Array.from({ length: 10 }, (_, index) => `seed-${index}`)

async function play(query: Record<string, string | number>) {
  const { run, result } = await simulate('hallucination', query)
  const key = await keyOf(run)
  return { run, key, compared: compareWithKey(key, result.finding.observed.span_ids) }
}

it.each(['no_tool', 'bad_arguments'])('a model that made something up reads that it was refused: %s', async (way) => {
  for (const seed of seeds) {
    const { run, key } = await play({ hallucination: way, seed })
    expectMemory(chatsIn(run.ledger.steps))
    const without = await simulate('hallucination', { hallucinations: 0, seed })
    const tokens = paidIn(run.ledger.steps) - paidIn(without.run.ledger.steps)
    expect(key.faults).toMatchObject([{ standing: 'required', impact: { tokens } }])
  }
})

describe('where nobody says what was asked', () => {
  const silent = { capture_content: 'false' }

  it('a tool that there is not is found all the same', async () => {
    for (const seed of seeds) {
      const { compared } = await play({ ...silent, hallucination: 'no_tool', seed })
      expect(compared, compared.text).toMatchObject({ agrees: true, not_planted: [] })
    }
  })

  it('arguments that a tool does not take cannot be told from a no to a right question', async () => {
    for (const seed of seeds) {
      const { compared, key } = await play({ ...silent, hallucination: 'bad_arguments', seed })
      expect(compared).toMatchObject({ planted: 1, hits: 0, not_planted: [] })
      expect(key.verdict).toBe('faulty')
    }
  })
})
