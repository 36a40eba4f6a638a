import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBrowser, withoutBrowser } from '../../../scripts/browser.ts'
import { startStack, type Stack } from '../support/stack.ts'
import { open } from './support/browser.ts'

/** Elements that a full window of rows may take: how many rows there are makes no difference. */
const mostElements = 1500

/** From the request for the page to its first rows being painted, ms. */
async function openTrace(page: Page, url: string): Promise<number> {
  await page.goto(url)
  await page.locator('.row').first().waitFor()
  const openMs = await page.evaluate(
    () =>
      new Promise<number>((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0))),
  )
  await page.locator('.badge.is-complete').waitFor()
  return openMs
}

/** Scrolls through all rows in 120 frames, and says how long these took, ms. */
function scrollThrough(page: Page): Promise<{ median: number; p95: number }> {
  return page.evaluate(async () => {
    const rows = document.querySelector('.rows') as HTMLElement
    const step = (rows.scrollHeight - rows.clientHeight) / 120
    const frames: number[] = []
    let last = performance.now()
    for (let frame = 1; frame <= 120; frame++) {
      rows.scrollTop = frame * step
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
      frames.push(now - last)
      last = now
    }
    frames.sort((a, b) => a - b)
    return { median: frames[60] as number, p95: frames[114] as number }
  })
}

const elements = (page: Page) => page.locator('.rows *').count()

/** Figures are told, not judged: they are the machine's as much as the page's. */
const tell = (what: string, openMs: number, { median, p95 }: { median: number; p95: number }) =>
  console.log(
    `${what}: opened in ${Math.round(openMs)} ms; frames while scrolling ${median.toFixed(1)} ms at the median, ${p95.toFixed(1)} ms at p95`,
  )

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

  test('8,000 spans are opened, unfolded and scrolled', async () => {
    const run = await stack.run('scenario=fanout&fanout=2000&concurrency=200&delay_ms=10&thoughts=0&seed=big')
    await stack.arrived(run.trace_id, 8005)
    await stack.verify(run.trace_id, 200)
    const { page } = await open(browser, stack.inspector.url, '/')
    const url = `${stack.inspector.url}/?trace=${run.trace_id}`
    const openMs = await openTrace(page, url)
    await page.getByRole('row', { name: /\d+ ×\s*invoke_agent worker/ }).dblclick()
    const grid = page.getByRole('treegrid')
    await expect.poll(async () => Number(await grid.getAttribute('aria-rowcount'))).toBeGreaterThan(8000)
    const frames = await scrollThrough(page)
    await page.getByRole('row', { name: 'checkpoint' }).waitFor()
    expect(await elements(page)).toBeLessThan(mostElements)
    tell('fan-out of 2,000 (8,005 spans)', openMs, frames)
    await page.close()
  })

  test('a chain 2,000 deep is opened, scrolled, and its end selected', async () => {
    const run = await stack.run('scenario=chain&depth=2000&delay_ms=0&thoughts=0&seed=deep')
    await stack.arrived(run.trace_id, run.spans.total)
    await stack.verify(run.trace_id, 200)
    const { page } = await open(browser, stack.inspector.url, '/')
    const openMs = await openTrace(page, `${stack.inspector.url}/?trace=${run.trace_id}`)
    const frames = await scrollThrough(page)
    const grid = page.getByRole('treegrid')
    expect(Number(await grid.getAttribute('aria-rowcount'))).toBe(8_005)
    await page.keyboard.press('/')
    await page.keyboard.type('link:1999')
    await page.getByText('2 matches').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.row.is-selected').waitFor()
    expect(Number(await page.locator('.row.is-selected').getAttribute('aria-level'))).toBeGreaterThan(2000)
    expect(await elements(page)).toBeLessThan(mostElements)
    tell('chain 2,000 deep (8,005 spans)', openMs, frames)
    await page.close()
  })
})
