import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContext, Page } from 'playwright-core'

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

/** Shorter than a test may take, so that what never came is told by its name. */
const patienceMs = 200_000

const contexts = new WeakMap<Browser, Record<string, Promise<BrowserContext>>>()

/** Pages of a browser share what they have loaded: the page asks for more than a hundred files, which never change. */
function contextOf(browser: Browser, colorScheme: 'light' | 'dark'): Promise<BrowserContext> {
  const own = contexts.get(browser) ?? {}
  contexts.set(browser, own)
  return (own[colorScheme] ??= newContext(browser, colorScheme))
}

async function newContext(browser: Browser, colorScheme: 'light' | 'dark'): Promise<BrowserContext> {
  const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' })
  context.setDefaultTimeout(patienceMs)
  return context
}

/** Opens the inspector at a path, and listens for what goes wrong. */
export async function open(browser: Browser, origin: string, path: string, look: Look = {}): Promise<OpenPage> {
  const { width = 1360, height = 860, scheme = 'light' } = look
  const context = await contextOf(browser, scheme)
  const page = await context.newPage()
  await page.setViewportSize({ width, height })
  const devtools = await context.newCDPSession(page)
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'local_storage' })
  await devtools.detach()
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

/** What has no room: texts that stand out of their element, labels out of their drawing or over each other, what is cut off. */
export async function tooNarrow(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    // What follows the width of the window is drawn in the frame after that.
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame)
    const elements = [...document.body.querySelectorAll('*')]
    const cut = elements.filter((element) => {
      const { overflowX, textOverflow } = getComputedStyle(element)
      // An inline element has no width of its own, and what is for screen readers one of 1; what scrolls, or ends in dots, is
      // not lost.
      const { clientWidth, scrollWidth } = element
      if (clientWidth <= 1 || scrollWidth <= clientWidth + 1 || textOverflow === 'ellipsis') return false
      const isText = element.childElementCount === 0 && element.textContent !== ''
      return overflowX === 'visible' ? isText : overflowX === 'hidden' || overflowX === 'clip'
    })
    const labels = [...document.querySelectorAll<SVGTextElement>('svg text')].map((label) => ({
      label,
      drawing: label.ownerSVGElement as SVGSVGElement,
      box: label.getBoundingClientRect(),
    }))
    const outside = labels.filter(({ drawing, box }) => {
      const { left, right } = drawing.getBoundingClientRect()
      return box.width > 0 && (box.left < left - 1 || box.right > right + 1)
    })
    const over = labels.filter(({ drawing, box }, index) =>
      labels
        .slice(0, index)
        .some(
          (other) =>
            other.drawing === drawing &&
            Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left) > 1 &&
            Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top) > 2,
        ),
    )
    return [...cut, ...[...outside, ...over].map(({ label }) => label)].map(({ outerHTML }) => outerHTML.slice(0, 200))
  })
}
