import type { Observed } from 'findings/step'
import { Catalog } from 'engine/catalog'
import { scenarios } from 'engine/scenarios/index'
import { drive } from 'engine/virtual/drive'
import { expect, it } from 'vitest'
import { begin, type PlayedRun } from '../src/play.ts'

const seeds = Array.from({ length: 20 }, (_, index) => `seed-${index}`)
const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })

/** A run that hands over and asks a person, and then all that others played of it, and that went on later. */
async function playAll(query: Record<string, string>, seed: string): Promise<PlayedRun[]> {
  const offer = catalog.find('handoff')
  const parsed = offer && catalog.parse(offer, query)
  if (!parsed || 'faults' in parsed) throw new Error(JSON.stringify(parsed))
  const played: PlayedRun[] = []
  const run = begin({ offer, params: parsed.params, seed, startMs: 0 })
  await drive([run].values(), (whole) => void played.push(whole, ...whole.parts))
  return played
}

const namedIn = (run: PlayedRun) => (run.ledger().finding as { observed: Observed }).observed.span_ids

it('a root with a link, which was meant, is named by nobody, and declared', async () => {
  for (const seed of seeds) {
    const all = await playAll({ severed: '0', human_delay_s: '1' }, seed)
    const resumed = all.filter((run) => run.ledger().part?.resumes)
    expect(resumed).toHaveLength(1)
    for (const run of all) {
      expect(namedIn(run)).toEqual([])
      expect(await run.key()).toMatchObject({ verdict: 'healthy', faults: [] })
    }
    const [root] = resumed[0]?.ledger().steps ?? []
    expect((await resumed[0]?.key())?.decoys).toContain(root?.span_id)
  }
})

it('a root without one is, beside one that has it', async () => {
  for (const seed of seeds.slice(0, 5)) {
    const all = await playAll({ severed: '1', human_delay_s: '1' }, seed)
    const named = all.filter((run) => namedIn(run).length > 0)
    expect(named.map((run) => run.ledger().part?.resumes)).toEqual([undefined, undefined])
    expect(new Set(named.map(({ traceId }) => traceId)).size).toBe(2)
  }
})
