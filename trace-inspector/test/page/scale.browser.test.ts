import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBrowser, withoutBrowser } from '../../../scripts/browser.ts'
import { startStack, type Stack } from '../support/stack.ts'
import { open } from './support/browser.ts'

/** Elements that a full window of rows may take: how many rows there are makes no difference. */
const mostElements = 1500

interface Timing {
  openMs: number
  frameMs: { median: number; p95: number }
}

/** From the request for the page to the first rows painted, and the frames while it is scrolled from end to end. */
async function measure(page: Page, url: string): Promise<Timing> {
  await page.goto(url)
  await page.locator('.row').first().waitFor()
  const openMs = await page.evaluate(
    () =>
      new Promise<number>((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0))),
  )
  await page.locator('.badge.is-complete').waitFor()
  const frameMs = await page.evaluate(async () => {
    const rows = document.querySelector('.rows') as HTMLElement
    const frames: number[] = []
    let last = performance.now()
    for (let frame = 0; frame < 120; frame++) {
      rows.scrollTop += Math.max(1, (rows.scrollHeight - rows.clientHeight) / 120)
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
      frames.push(now - last)
      last = now
    }
    frames.sort((a, b) => a - b)
    return { median: frames[60] as number, p95: frames[114] as number }
  })
  return { openMs, frameMs }
}

const elements = (page: Page) => page.locator('.rows *').count()
const figures = ({ openMs, frameMs }: Timing) =>
  `opened in ${Math.round(openMs)} ms; frames while scrolling ${frameMs.median.toFixed(1)} ms at the median, ${frameMs.p95.toFixed(1)} ms at p95`

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
    const run = await stack.run('scenario=fanout&fanout=2000&concurrency=200&delay_ms=10&seed=big')
    await stack.arrived(run.trace_id, 8005)
    await stack.verify(run.trace_id, 20)
    const { page } = await open(browser, stack.inspector.url, '/')
    const url = `${stack.inspector.url}/?trace=${run.trace_id}`
    const folded = await measure(page, url)
    await page.getByRole('treegrid').press('Home')
    await page.getByRole('row', { name: /\d+ ×\s*invoke_agent worker/ }).dblclick()
    const grid = page.getByRole('treegrid')
    await expect.poll(async () => Number(await grid.getAttribute('aria-rowcount'))).toBeGreaterThan(8000)
    const scrolled = await page.evaluate(() => {
      const rows = document.querySelector('.rows') as HTMLElement
      rows.scrollTop = rows.scrollHeight
      return rows.scrollTop
    })
    expect(scrolled).toBeGreaterThan(8000 * 20)
    await page.getByRole('row', { name: 'checkpoint' }).waitFor()
    expect(await elements(page)).toBeLessThan(mostElements)
    console.log(`fan-out of 2,000 (8,005 spans): ${figures(folded)}`)
    await page.close()
  }, 120_000)

  test('a chain 5,000 deep is opened, scrolled, and its end selected', async () => {
    const run = await stack.run('scenario=chain&depth=5000&delay_ms=0&llm_delay_ms=0&seed=deep')
    await stack.arrived(run.trace_id, run.spans.total)
    await stack.verify(run.trace_id, 30)
    const { page } = await open(browser, stack.inspector.url, '/')
    const timing = await measure(page, `${stack.inspector.url}/?trace=${run.trace_id}`)
    const grid = page.getByRole('treegrid')
    expect(Number(await grid.getAttribute('aria-rowcount'))).toBe(20_005)
    await page.keyboard.press('/')
    await page.keyboard.type('link:4999')
    await page.getByText('2 matches').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.row.is-selected').waitFor()
    expect(Number(await page.locator('.row.is-selected').getAttribute('aria-level'))).toBeGreaterThan(5000)
    expect(await elements(page)).toBeLessThan(mostElements)
    console.log(`chain 5,000 deep (20,005 spans): ${figures(timing)}`)
    await page.close()
  }, 180_000)
})
