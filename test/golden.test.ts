import { expect, it } from 'vitest'
import { startPair } from '../scripts/pair.ts'
import { digestOf } from './golden/canonical.ts'
import digests from './golden/digests.json' with { type: 'json' }
import { play } from './golden/play.ts'

// What is on the wire changes only when somebody means it: `node test/golden/write.ts --digests` then writes what it is now,
// and `node test/golden/write.ts FOLDER [ROOT]` what it says, to be compared with another version's.
it('every scenario leaves the spans that it always left, but for ids and times', async () => {
  const played = await play(startPair)
  const now = Object.fromEntries([...played].map(([name, lines]) => [name, digestOf(lines)]))
  expect(now).toEqual(digests)
})
