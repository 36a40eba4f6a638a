import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'

export interface OpenPage {
  page: Page
  /** What went wrong in it: errors, and requests to anywhere else. */
  complaints: string[]
}

export interface Look {
  width?: number
  height?: number
  scheme?: 'light' | 'dark'
}

/** Opens the inspector at a path, and listens for what goes wrong. */
export async function open(browser: Browser, origin: string, path: string, look: Look = {}): Promise<OpenPage> {
  const { width = 1360, height = 860, scheme = 'light' } = look
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' })
  const complaints: string[] = []
  let isNetworkChanged = false
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`asked for ${request.url()}`)
  })
  // A network interface of this machine that comes or goes aborts whatever Chromium loads.
  page.on('requestfailed', (request) => {
    isNetworkChanged ||= request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED'
  })
  do {
    isNetworkChanged = false
    await page.goto(origin + path)
  } while (isNetworkChanged)
  await page.locator('main h1').first().waitFor()
  return { page, complaints }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Rules of WCAG 2.2 AA, and good practice, that what is seen breaks: rule, and where. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe: tool } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> }
    }
    const { violations: found } = await tool.run()
    return found.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    )
  })
}
