import { expect, test, vi } from 'vitest'
import { knownAgent } from '../src/agents.ts'

test('a name that cannot be looked up for a moment leads where it did, one that is not known nowhere', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const found = [{ address: '10.0.0.1', family: 4 }]
  const failed = (code: string) => Object.assign(new Error(code), { code })
  const answers = [found, failed('EAI_AGAIN'), failed('ENOTFOUND'), failed('EAI_AGAIN')]
  const { addresses } = knownAgent('dns+http://agents:8080', async () => {
    const answer = answers.shift() as (typeof answers)[number]
    if (answer instanceof Error) throw answer
    return answer
  })
  const seen: (readonly string[])[] = []
  for (let look = 0; look < 4; look++) {
    seen.push(await addresses())
    vi.advanceTimersByTime(60_000)
  }
  vi.useRealTimers()
  expect(seen).toEqual([['http://10.0.0.1:8080'], ['http://10.0.0.1:8080'], [], []])
})
