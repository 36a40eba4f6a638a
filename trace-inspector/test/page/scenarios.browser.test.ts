import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scenarios } from 'engine/scenarios/index'
import type { Revelation } from '../../src/reveal/reveal.ts'
import { changed, first } from '../support/meddler.ts'
import { startService } from '../../../scripts/pair.ts'
import { startBrowser, withoutBrowser } from '../../../scripts/browser.ts'
import { pack, type Parcel, resourceOf, spanOf } from '../support/otlp.ts'
import { startStack, type Stack } from '../support/stack.ts'
import { open } from './support/browser.ts'

/** Small parameters of each scenario. */
const runs: Record<string, Record<string, string>> = {
  fanout: { fanout: '60', stragglers: '2' },
  chain: { depth: '8' },
  retry: { fanout: '20', error_rate: '0.3' },
  dag: { fanout: '20' },
  react: { max_steps: '6', slow_tool_probability: '1', finish_probability: '0' },
  human: { human_delay_s: '0.4' },
  handoff: { hops: '2', human_delay_s: '0.2' },
  loop: {},
  overflow: {},
  rag: { rag_chunks: '8' },
  stream: { duration_s: '1', background_fanout: '10', tool_delay_ms: '100' },
  cascade: { calls: '40', delay_ms: '40' },
  silent: { lookups: '3' },
  hallucination: { lookups: '4' },
}

const mostListed = 6

/** Spans of other runs may still be on their way. */
const ofFanout =
  (name: string) =>
  ({ span }: Parcel): boolean =>
    span.name === name &&
    span.attributes.some(({ key, value }) => key === 'ati.scenario' && value.stringValue === 'fanout')

describe.skipIf(withoutBrowser)(`in a browser${withoutBrowser ? ` (${withoutBrowser})` : ''}`, () => {
  let stack: Stack
  let browser: Browser
  beforeAll(async () => {
    ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    await stack?.stop()
  })

  test('every scenario has its parameters here', () => {
    expect(Object.keys(runs).toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted())
  })

  test.each(Object.entries(runs))('%s: run from the form, its finding is seen', async (name, params) => {
    const { page, complaints } = await open(browser, stack.inspector.url, '/')
    await page.getByRole('radio', { name: new RegExp(`^${name}`) }).click()
    for (const [parameter, value] of Object.entries({ ...params, seed: 'page' }))
      await page.getByLabel(parameter, { exact: true }).fill(value)
    await page.getByRole('button', { name: `Run ${name}` }).click()
    await page.locator('.badge.is-complete').waitFor()
    const traceId = new URL(page.url()).searchParams.get('trace') ?? ''
    const revealed = await stack.get<Revelation>(`/traces/${traceId}/reveal`)
    await expect.poll(() => page.locator('.sentence').innerText()).toBe(revealed.text)
    expect(await page.locator('.glance .pointer').count()).toBe(
      Math.min(revealed.observed?.span_ids.length ?? 0, mostListed),
    )

    await page.getByRole('tab', { name: 'Compare' }).click()
    const { planted } = revealed
    if (planted === null || planted === 'pending') throw new Error('It is not known what was planted')
    const badge = planted.agrees ? '✓ as planted' : '✕ not as planted'
    for (const place of ['.planted-line', '.ledger .planted'])
      await expect.poll(() => page.locator(place).innerText()).toContain(planted.text)
    expect(await page.locator('.ledger .badge').innerText()).toBe(badge)
    // The calls of cascade come when they come: its run is over no sooner without a fault.
    const taken = name === 'cascade' ? 'the calls took together' : 'the run took'
    if (planted.planted > 0)
      expect(await page.locator('.ledger .planted').innerText()).toContain(`How much longer ${taken} for a fault`)
    expect(await page.locator('.chart').count()).toBeGreaterThan(0)
    const { usage } = revealed
    const tokens = (usage.input_tokens + usage.output_tokens).toLocaleString('en')
    expect((await page.locator('.figures .usage').innerText()).replace(/\D/g, '')).toContain(tokens.replace(/\D/g, ''))
    const table = page.getByRole('region', { name: 'Table of tokens' })
    expect(await table.getByRole('row').count()).toBe(
      2 +
        (await table.getByText('By the run itself').count()) +
        Object.keys(usage.agents).length +
        Object.keys(usage.models).length,
    )
    expect(await table.getByText('≠').count()).toBe(0)
    const names = await page.getByRole('region', { name: 'Table by span name' }).getByRole('row').count()
    expect(names).toBe(revealed.aggregate.length + 1)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('what is refused is said at the field, in the server’s words', async () => {
    const { page } = await open(browser, stack.inspector.url, '/?scenario=fanout&fanout=0&jitter=x')
    await page.getByRole('button', { name: 'Run fanout' }).click()
    await page.getByText('✕ 0: expected a whole number from 1 to 10000').waitFor()
    await page.getByText('✕ x: expected a number from 0 to 2').waitFor()
    const field = page.getByLabel('fanout', { exact: true })
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true)
    await field.fill('5')
    expect(await field.getAttribute('aria-invalid')).toBe(null)
    await page.close()
  })

  test('a run shows that it is alive, and a stream its tokens beside background work', async () => {
    const { page } = await open(
      browser,
      stack.inspector.url,
      '/?scenario=stream&duration_s=600&background_fanout=5&tool_delay_ms=20',
    )
    await page.getByRole('button', { name: 'Run stream' }).click()
    await page.getByText('5 calls done').waitFor()
    const length = async () => (await page.locator('.tokens').innerText()).length
    const before = await length()
    await expect.poll(length).toBeGreaterThan(before)
    await page.getByText('steps so far').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('Cancelled').waitFor()
    await page.close()
  })

  test('of a run that goes on, what has come since is offered and moves nothing', async () => {
    const gone = new AbortController()
    const answer = await fetch(
      `${stack.agent.url}/stream?duration_s=600&background_fanout=1000&concurrency=2&tool_delay_ms=100`,
      { signal: gone.signal },
    )
    const traceId = answer.headers.get('x-trace-id') ?? ''
    const arrived = async () => (await fetch(`${stack.inspector.url}/traces/${traceId}`)).status
    await expect.poll(arrived).toBe(200)
    const { page, complaints } = await open(browser, stack.inspector.url, `/?trace=${traceId}`)
    await page.getByText('still running').waitFor()
    const grid = page.getByRole('treegrid')
    const rows = async () => Number(await grid.getAttribute('aria-rowcount'))
    const offer = page.getByRole('button', { name: /more spans?, show/ })
    await offer.waitFor()
    const before = await rows()
    await offer.click()
    await expect.poll(rows).toBeGreaterThan(before)
    gone.abort()
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a lost span is drawn where it happened, and an altered one shows before and after', async () => {
    const isLost = first(ofFanout('execute_tool mail'))
    const isRenamed = first(ofFanout('execute_tool search'))
    stack.meddler.meddle = (parcel) => {
      if (isLost(parcel)) return []
      return [isRenamed(parcel) ? changed(parcel, ({ span }) => (span.name = 'renamed')) : parcel]
    }
    const run = await stack.run('scenario=fanout&fanout=12&delay_ms=20')
    await stack.arrived(run.trace_id, run.spans.total - 1)
    stack.meddler.meddle = (parcel) => [parcel]
    const { page, complaints } = await open(browser, stack.inspector.url, `/?trace=${run.trace_id}&tab=verify`)
    await page.getByText(`of ${run.spans.total} spans that the run made, 1 never arrived`).waitFor()
    const ghost = page.getByRole('row', { name: /execute_tool mail.*lost/ })
    await ghost.click()
    await page.getByText('its span is not here').waitFor()
    await page.getByRole('row', { name: /renamed.*altered/ }).click()
    const changes = page.locator('.changes')
    expect(await changes.locator('del').innerText()).toBe('execute_tool search')
    expect(await changes.locator('ins').innerText()).toBe('renamed')
    expect(complaints).toEqual([])
    await page.close()
  })

  test('what an inspector cannot know any more is not called lost', async () => {
    const run = await stack.run('scenario=fanout&fanout=3&delay_ms=5')
    const younger = await startService('trace-inspector', { AGENT_URLS: stack.agent.url })
    const { page, complaints } = await open(browser, younger.url, `/?trace=${run.trace_id}`)
    await page.locator('.badge.is-forgotten').waitFor()
    await page.getByText('does not know all that came until then').first().waitFor()
    await page.getByRole('row', { name: /GET \/run.*not here/ }).click()
    await page.locator('.verdict-note', { hasText: 'Not here' }).waitFor()
    expect(
      await page
        .locator('main')
        .getByText(/lost|never/i)
        .count(),
    ).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
    await younger.stop()
  })

  test('times that are not known, or go backwards, break no view', async () => {
    const traceId = 'abcd'.repeat(8)
    const of = (spanId: string, start: string, end: string) => ({
      ...spanOf({ traceId, spanId, name: `span ${spanId.slice(-1)}` }),
      startTimeUnixNano: start,
      endTimeUnixNano: end,
    })
    const at = (ms: number) => `1700000000${String(ms).padStart(3, '0')}000000`
    const spans = [
      of('00000000000000a1', at(0), at(500)),
      of('00000000000000a2', at(100), '0'),
      of('00000000000000a3', at(200), at(150)),
      of('00000000000000a4', '0', '0'),
    ]
    await fetch(`${stack.inspector.url}/v1/traces`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(pack(spans.map((span) => ({ resource: resourceOf('shop'), span })))),
    })
    const { page, complaints } = await open(browser, stack.inspector.url, `/?trace=${traceId}`)
    await page.getByText('500 ms').first().waitFor()
    for (const [name, took, word] of [
      ['span 2', 'not known', 'not ended'],
      ['span 3', '0 ms', 'ended before it began'],
      ['span 4', 'not known', 'start not known'],
    ] as const) {
      await page.getByRole('row', { name: new RegExp(name) }).click()
      const fact = (of: string) => page.locator(`.facts dt:text-is("${of}") + dd`).innerText()
      await page.getByRole('complementary', { name: 'Span' }).getByRole('heading', { name }).waitFor()
      // What the server tells comes a little later.
      await expect.poll(() => fact('status')).toBe(`unset, ${word}`)
      expect(await fact('took')).toBe(took)
    }
    expect(await page.getByText(/NaN|Infinity|1970|undefined/).count()).toBe(0)
    await page.getByRole('tab', { name: 'Compare' }).click()
    await page.getByRole('region', { name: 'Table by span name' }).waitFor()
    expect(await page.getByText(/NaN|Infinity|1970|undefined/).count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('details say what a span is and when it was, and ids can be copied', async () => {
    const run = await stack.run('scenario=retry&fanout=3&error_rate=1&delay_ms=5&max_retries=1&seed=e')
    await stack.arrived(run.trace_id, run.spans.total)
    const [id] = run.finding.observed.span_ids as string[]
    const { page, complaints } = await open(browser, stack.inspector.url, `/?trace=${run.trace_id}&span=${id}`)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const details = page.getByRole('complementary', { name: 'Span' })
    await details.locator('.status-message').waitFor()
    const text = await details.innerText()
    for (const part of ['client', 'agent-app', run.trace_id, id as string, 'execute_tool', 'UTC'])
      expect(text).toContain(part)
    await details.getByRole('button', { name: 'Copy trace id' }).click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(run.trace_id)
    await page.locator('.menu summary').click()
    for (const form of ['OTLP JSON', 'Jaeger JSON', 'Perfetto']) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: form }).click(),
      ])
      expect(download.suggestedFilename()).toContain(run.trace_id)
    }
    expect(complaints).toEqual([])
    await page.close()
  })
})
