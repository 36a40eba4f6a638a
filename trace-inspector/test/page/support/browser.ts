import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Why tests in a browser cannot run here; undefined where they can. */
export const withoutBrowser = existsSync(executablePath)
  ? undefined
  : `there is no Chromium at ${executablePath}: install it (apt-get install chromium), or say where it is in CHROMIUM`

/** Nothing but what the page asks for leaves the browser. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

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

/** A browser with a profile of its own. */
export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath, args })

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
