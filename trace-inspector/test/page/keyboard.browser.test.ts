import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBrowser, withoutBrowser } from '../../../scripts/browser.ts'
import { startStack, type Stack } from '../support/stack.ts'
import { open, tooNarrow, violations } from './support/browser.ts'

/** Presses Tab until what has the focus is called this. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab')
    const label = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null
      return element ? (element.getAttribute('aria-label') ?? element.innerText ?? '') : ''
    })
    if (name.test(label)) return
  }
  throw new Error(`Tab never led to ${name}`)
}

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

  test('an exam, by keyboard alone', async () => {
    const { page, complaints } = await open(
      browser,
      stack.inspector.url,
      '/?page=exam&scenario=fanout&fanout=1&stragglers=1&straggler_factor=4&seed=a',
    )
    await tabTo(page, /^Begin$/)
    await page.keyboard.press('Enter')
    await page.getByRole('treegrid').waitFor()
    // Its spans say nothing of what it is of.
    await page.getByText('support_case').first().waitFor()
    expect(await page.getByText('straggler').count()).toBe(0)
    await page.keyboard.press('/')
    await page.keyboard.type('execute_tool')
    await page.keyboard.press('Enter')
    await page.locator('.row.is-selected').waitFor()
    await page.keyboard.press('Shift+Tab')
    await page.locator('.skip').focus()
    await tabTo(page, /^Point at\s+execute_tool/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Hand in 1 span/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: '✓ Right' }).waitFor()
    await page.getByText('To blame:').waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  test('an exam of a stream, which is asked for at a path of its own', async () => {
    const address = '/?scenario=stream&duration_s=1&background_fanout=2&tool_delay_ms=20&ttft_ms=20'
    const { page, complaints } = await open(browser, stack.inspector.url, address)
    await page.getByRole('button', { name: 'As an exam' }).click()
    const asked = page.waitForRequest(/\/agents\/[^/]+\/(run|stream)/)
    await page.getByRole('button', { name: 'Begin' }).click()
    const request = await asked
    expect(new URL(request.url())).toMatchObject({ pathname: expect.stringMatching(/\/stream$/) as string, search: '' })
    expect(request.headers()['x-run-parameters']).toMatch(/^blind=true&duration_s=1&(?!.*scenario)/)
    await page.getByRole('treegrid').waitFor()
    await page.getByText('support_case').first().waitFor()
    await page.getByRole('button', { name: 'Nothing is wrong' }).click()
    await page.getByRole('heading', { name: /Right|Wrong|right/ }).waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a comparison with the run without its fault, by keyboard alone', async () => {
    const run = await stack.run('scenario=human&human_delay_s=0.5&seed=b')
    await stack.arrived(run.trace_id, run.spans.total)
    const { page } = await open(browser, stack.inspector.url, `/?trace=${run.trace_id}`)
    await page.locator('.badge.is-complete').waitFor()
    await tabTo(page, /^Look$/)
    for (let to = 0; to < 3; to++) await page.keyboard.press('ArrowRight')
    await tabTo(page, /^Run without the fault$/)
    await page.keyboard.press('Enter')
    const title = page.locator('#saving-title')
    await title.waitFor()
    expect(await title.innerText()).toMatch(/^Saved .+ m?s; the finding predicted .+ m?s$/)
    expect(new URL(page.url()).searchParams.get('against')).toMatch(/^[0-9a-f]{32}$/)
    // Whoever opens the address sees the same.
    const other = await open(browser, stack.inspector.url, new URL(page.url()).pathname + new URL(page.url()).search)
    await expect.poll(() => other.page.locator('#saving-title').innerText()).toBe(await title.innerText())
    await other.page.close()
    await page.close()
  })

  test('the tree is walked with the arrow keys, and says where one is', async () => {
    const run = await stack.run('scenario=fanout&fanout=8&delay_ms=5&seed=c&stragglers=0')
    await stack.arrived(run.trace_id, run.spans.total)
    const { page } = await open(browser, stack.inspector.url, `/?trace=${run.trace_id}`)
    const grid = page.getByRole('treegrid')
    await grid.focus()
    const active = () =>
      grid.evaluate((element) => {
        const row = document.getElementById(element.getAttribute('aria-activedescendant') ?? '')
        return (
          row &&
          `${row.getAttribute('aria-level')} ${row.querySelector('.name')?.textContent?.replace(/\s+/g, ' ').trim()}`
        )
      })
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }
    await press('ArrowDown', 'ArrowDown')
    expect(await active()).toBe('2 invoke_workflow fanout')
    await press('ArrowLeft')
    expect(await grid.getAttribute('aria-rowcount')).toBe('2')
    await press('ArrowRight', 'ArrowRight')
    expect(await active()).toBe('3 invoke_agent plannerplanner:v1')
    await press('End')
    expect(await active()).toBe('3 checkpoint')
    expect(new URL(page.url()).searchParams.get('span')).toMatch(/^[0-9a-f]{16}$/)
    await expect.poll(() => page.locator('.details h2').innerText()).toBe('checkpoint')
    await press('w', 'w')
    await page.getByText(/ seen$/).waitFor()
    await press('0', 'Escape', '?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.close()
  })

  test('two traces stand side by side, each with its own rows', async () => {
    const run = await stack.run('scenario=human&human_delay_s=0.3&seed=f')
    const plain = await stack.run('scenario=human&human_delay_s=0&seed=f')
    await stack.arrived(run.trace_id, run.spans.total)
    await stack.arrived(plain.trace_id, plain.spans.total)
    const path = `/?trace=${run.trace_id}&tab=without&against=${plain.trace_id}`
    const { page, complaints } = await open(browser, stack.inspector.url, path)
    await page.getByText('Both waterfalls, side by side').click()
    const [before, after] = ['With the fault: spans', 'Without it: spans'].map((name) =>
      page.getByRole('treegrid', { name }),
    ) as [Locator, Locator]
    await before.getByRole('row', { name: 'human_feedback' }).click()
    await after.getByRole('row', { name: 'checkpoint' }).click()
    expect(await before.locator('.is-selected').innerText()).toContain('human_feedback')
    expect(await after.locator('.is-selected').innerText()).toContain('checkpoint')
    await after.getByText('▾').first().click()
    expect(await after.getByRole('row').count()).toBe(1)
    expect(await before.getByRole('row').count()).toBe(run.spans.total)
    const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id))
    expect(new Set(ids).size).toBe(ids.length)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('attributes, status and durations are searched for, and a finding is never folded away', async () => {
    const run = await stack.run('scenario=fanout&fanout=20&seed=c&delay_ms=50&stragglers=1&straggler_factor=60')
    await stack.arrived(run.trace_id, run.spans.total)
    const { page, complaints } = await open(browser, stack.inspector.url, `/?trace=${run.trace_id}`)
    await page
      .getByRole('row', { name: /^\S* ?◆.*execute_tool.*the finding points here/ })
      .first()
      .waitFor()
    const search = page.getByRole('searchbox')
    for (const [typed, found] of [
      ['ati.worker.index>=18', '2 matches'],
      ['invoke_agent ati.worker.index<3 <10min', '3 matches'],
      ['status=error', '0 matches'],
      ['kind=server', '21 matches'],
    ] as const) {
      await search.fill(typed)
      await expect.poll(() => page.locator('.found').innerText()).toBe(found)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  test('nothing is in the way of those who use it otherwise, in any view, dark and light', async () => {
    const run = await stack.run('scenario=dag&fanout=12&delay_ms=10&seed=d')
    const plain = await stack.run('scenario=dag&fanout=12&delay_ms=10&seed=d&stragglers=0')
    await stack.arrived(run.trace_id, run.spans.total)
    await stack.arrived(plain.trace_id, plain.spans.total)
    const span = (run.finding.observed.path as { span_id: string }[])[3]?.span_id as string
    const views: [path: string, ready: string][] = [
      ['/', '.recent table'],
      ['/?scenario=stream', '.run-form'],
      ['/?page=exam', '.exam-intro'],
      [`/?page=exam&trace=${run.trace_id}`, '.rows'],
      [`/?trace=${run.trace_id}`, '.badge.is-complete'],
      [`/?trace=${run.trace_id}&span=${span}`, '.attributes'],
      [`/?trace=${run.trace_id}&tab=compare`, '.ledger .badge'],
      [`/?trace=${run.trace_id}&tab=verify`, '.verify .rows'],
      [`/?trace=${run.trace_id}&tab=without&against=${plain.trace_id}`, '.miniature'],
    ]
    const found: string[] = []
    for (const [path, ready] of views) {
      const { page, complaints } = await open(browser, stack.inspector.url, path)
      await page.locator(ready).first().waitFor()
      for (const width of [390, 1024, 1440, 1360]) {
        await page.setViewportSize({ width, height: 860 })
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (beyond > 0) found.push(`${path}, ${width} px: ${beyond} px too wide`)
        for (const each of await tooNarrow(page)) found.push(`${path}, ${width} px: no room for ${each}`)
      }
      // No style depends on both.
      for (const [colorScheme, width] of [
        ['light', 1360],
        ['light', 390],
        ['dark', 1360],
      ] as const) {
        await page.setViewportSize({ width, height: 860 })
        await page.emulateMedia({ colorScheme })
        for (const each of await violations(page)) found.push(`${path}, ${colorScheme}, ${width} px: ${each}`)
      }
      found.push(...complaints)
      await page.close()
    }
    expect(found).toEqual([])
  })
})
