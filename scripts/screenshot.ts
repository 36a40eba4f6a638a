// Takes the pictures of the page that the documents show: the same run each time, but for its times.
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { startBrowser, withoutBrowser } from './browser.ts'
import { exportingTo, startPair, startService } from './pair.ts'

const folder = fileURLToPath(new URL('../docs/', import.meta.url))
const scenario = 'scenario=fanout&seed=readme'
const views = [
  { name: 'look', query: '', ready: '.glance .shares' },
  { name: 'compare', query: '&tab=compare', ready: '.ledger .badge' },
]

/** A port that nobody has: agent and inspector each need to know the other's. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return String(port)
}

if (withoutBrowser) {
  console.error(`No pictures: ${withoutBrowser}`)
  process.exit(1)
}
mkdirSync(folder, { recursive: true })
const port = await freePort()
const pair = await startPair(exportingTo(`http://127.0.0.1:${port}`))
const inspector = await startService('trace-inspector', { INSPECTOR_PORT: port, AGENT_URLS: pair.agent.url })
const browser = await startBrowser()
try {
  // The first run of a process is slower than all that follow.
  await fetch(`${pair.agent.url}/run?${scenario}`)
  const answer = await fetch(`${pair.agent.url}/run?${scenario}`)
  const { trace_id } = (await answer.json()) as { trace_id: string }
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport: { width: 1360, height: 800 }, colorScheme, reducedMotion: 'reduce' })
    for (const { name, query, ready } of views) {
      await page.goto(`${inspector.url}/?trace=${trace_id}${query}`)
      await page.locator('.badge.is-complete').first().waitFor()
      await page.locator(ready).waitFor()
      await page.screenshot({ path: `${folder}page-${name}-${colorScheme}.png` })
    }
    await page.close()
  }
  console.log(`Pictures of trace ${trace_id} are in ${folder}`)
} finally {
  await browser.close()
  await pair.stop()
  await inspector.stop()
}
