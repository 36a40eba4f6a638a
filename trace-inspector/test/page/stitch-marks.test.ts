import { afterEach, expect, test, vi } from 'vitest'
import { OpenTrace } from '../../src/page/client/state/trace.ts'
import { pictureOf } from '../../src/page/server/picture.ts'

afterEach(() => vi.unstubAllGlobals())

test('what the ledger says of lost spans stays where what was severed is stitched', async () => {
  const traceId = 'ab'.repeat(16)
  const asked: string[] = []
  const answers: Record<string, unknown> = {
    runs: { runs: [] },
    session: { conversation_id: null, traces: [] },
    verify: { verdict: 'incomplete', run: 'closed', counts: { received: 0 }, knows_since: new Date().toISOString() },
    picture: pictureOf(traceId, undefined),
    reveal: { planted: null },
  }
  vi.stubGlobal('fetch', (path: string) => {
    const { pathname, search } = new URL(path, 'http://page')
    const of = pathname.split('/').at(-1) as string
    if (of === 'picture') asked.push(search)
    return Promise.resolve(Response.json(answers[of]))
  })
  const trace = new OpenTrace()
  await trace.open(traceId)
  expect(asked.at(-1)).toBe('?ledger=1')
  await trace.stitch(true)
  expect(asked.at(-1)).toBe('?ledger=1&stitch=1')
  await trace.stitch(false)
  expect(asked.at(-1)).toBe('?ledger=1')
})
