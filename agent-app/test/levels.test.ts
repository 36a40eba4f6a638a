import type { LedgerAnswer, LedgerStep } from 'contract/ledger'
import { Catalog } from 'engine/catalog'
import { decisionsOf } from 'engine/decisions'
import { scenarios } from 'engine/scenarios/index'
import { drive } from 'engine/virtual/drive'
import { systemClock, type WallClock } from 'service-kit/clock'
import { begin } from 'simulate/play'
import request from 'supertest'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApps } from '../../test/support/apps.ts'

/** A clock that is so many times faster than the wall's: what takes minutes takes no second. */
function hastened(times: number): WallClock {
  const originMs = systemClock.now()
  const clock: WallClock = {
    now: () => originMs + (systemClock.now() - originMs) * times,
    anchored: () => clock,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  }
  return clock
}

let apps: Awaited<ReturnType<typeof startApps>>
beforeAll(async () => {
  // Of a busy machine's tools none gives up.
  apps = await startApps({ clock: hastened(100), maxToolCalls: 100_000 }, 60_000)
})
afterAll(() => apps.close())

const levelled = scenarios.filter(({ levels }) => levels !== undefined)
const query = { level: '3', seed: 'level', control: 'false' }
const catalog = new Catalog(scenarios, { delayMs: undefined, errorRate: 0 })

async function playReally(name: string, path: string): Promise<LedgerStep[]> {
  const asked = new URLSearchParams(path === '/run' ? { scenario: name, ...query } : query)
  const { headers } = await request(apps.app).get(`${path}?${asked.toString()}`).expect(200)
  const { body } = await request(apps.app).get(`/runs/${headers['x-trace-id']}`).expect(200)
  return (body as LedgerAnswer).runs[0]?.steps ?? []
}

async function playVirtually(name: string): Promise<LedgerStep[]> {
  const offer = catalog.find(name)
  const parsed = offer && catalog.parse(offer, query)
  if (!parsed || 'faults' in parsed) throw new Error(JSON.stringify(parsed))
  const steps: LedgerStep[] = []
  const played = begin({ offer, params: parsed.params, seed: query.seed, startMs: 0 })
  await drive([played].values(), ({ ledger }) => void steps.push(...ledger().steps))
  return steps
}

test.each(levelled.map(({ name, path }) => ({ name, path })))(
  '$name of level 3 decides the same over HTTP and in virtual time',
  async ({ name, path }) => {
    const real = decisionsOf(await playReally(name, path))
    expect(Object.keys(real).length).toBeGreaterThan(20)
    expect(JSON.parse(JSON.stringify(decisionsOf(await playVirtually(name))))).toEqual(real)
  },
)
