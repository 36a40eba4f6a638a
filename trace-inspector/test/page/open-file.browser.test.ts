import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { Lifecycle } from 'service-kit/serve'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBrowser, withoutBrowser } from '../../../scripts/browser.ts'
import { listen } from '../../../test/support/apps.ts'
import { createApp } from '../../src/app.ts'
import { type SimulatedFile, simulateFile } from '../support/simulated-file.ts'
import { open, violations } from './support/browser.ts'

/** What somebody does who lets a file go over the page. */
async function drop(page: Page, name: string, content: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([name, base64]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name))
      return transfer
    },
    [name, content.toString('base64')] as const,
  )
  await page.dispatchEvent('main', 'dragover', { dataTransfer: transfer })
  await page.getByText('Drop to open').waitFor()
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer })
}

const pick = (page: Page, name: string, content: Buffer | string) =>
  page
    .getByLabel('Open a file')
    .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) })

describe.skipIf(withoutBrowser)(`in a browser${withoutBrowser ? ` (${withoutBrowser})` : ''}`, () => {
  let file: SimulatedFile
  let browser: Browser
  const servers: Server[] = []
  beforeAll(async () => {
    ;[file, browser] = await Promise.all([simulateFile(), startBrowser()])
  })
  afterAll(async () => {
    await browser?.close()
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })
  async function start(maxBytes = 64 * 1024 * 1024): Promise<string> {
    const { app } = createApp({ agents: [], allowedHosts: [], maxBytes, lifecycle: new Lifecycle() })
    const server = createServer(app)
    servers.push(server)
    return listen(server)
  }

  test('a file that is dropped is listed, and each of its traces looked at and revealed', async () => {
    const url = await start()
    const { page, complaints } = await open(browser, url, '/')
    await drop(page, 'spans.jsonl.gz', gzipSync(file.spans))
    await page
      .getByText(`${file.spanCount} spans of ${file.traceIds.length} traces, from`, { exact: false })
      .first()
      .waitFor()
    expect(await page.getByText('Drop to open').count()).toBe(0)
    await page.getByRole('row', { name: /^fanout/ }).waitFor()
    expect(await page.locator('.recent tbody tr').count()).toBe(file.traceIds.length)
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: 'fanout' }).click()
    await page.getByRole('treegrid').waitFor()
    const traceId = new URL(page.url()).searchParams.get('trace')
    const { text } = (await (await fetch(`${url}/traces/${traceId}/reveal`)).json()) as { text: string }
    expect(text).toMatch(/^worker:\d+ /)
    await page.locator('.sentence').getByText(text).waitFor()
    const badge = page.locator('.trace-head .badge')
    await expect.poll(() => badge.innerText()).toBe('– not compared')
    expect(await badge.getAttribute('title')).toMatch(/^There is no ledger for trace/)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a file with one trace leads to it', async () => {
    const { page } = await open(browser, await start(), '/')
    const { spans, traceIds } = await simulateFile(['retry'])
    await pick(page, 'retry.jsonl', spans)
    await page.getByRole('treegrid').waitFor()
    expect(page.url()).toContain(`trace=${traceIds[0]}`)
    await page.close()
  })

  test('the traces of a session stand in a line, with the time between them, and what was severed is stitched', async () => {
    const query = { hops: '2', severed: '1', human_delay_s: '3600', jitter: '0' }
    const { spans, traceIds } = await simulateFile(['handoff'], { query })
    const url = await start()
    const headers = { 'Content-Type': 'application/octet-stream' }
    await fetch(`${url}/files`, { method: 'POST', headers, body: Buffer.from(spans) })
    const { page, complaints } = await open(browser, url, `/?trace=${traceIds[0]}`)
    const session = page.getByRole('navigation', { name: 'Session' })
    const stations = session.getByRole('listitem')
    const here = session.locator('[aria-current=page]')
    const stitch = session.getByRole('button', { name: 'Stitch what was severed' })
    await session.waitFor()
    const [begins, severed, idle, resumes, ...others] = await stations.allInnerTexts()
    expect(begins).toMatch(/^handoff .* ms$/)
    expect(severed).toMatch(/^✂ POST \/mcp .* ms$/)
    expect(idle).toMatch(/^60\.0 min idle$/)
    expect(resumes).toMatch(/^↪ POST \/mcp .* ms$/)
    expect(others).toEqual([])
    expect(await here.innerText()).toBe(begins)
    expect(await session.getByTitle('its context was lost on the way; where it belongs, spans suggest').count()).toBe(1)
    expect(await session.getByTitle('goes on with another trace, and links to it').count()).toBe(1)

    const seam = page.getByRole('row', { name: /^POST \/mcp.*, stitched/ })
    expect([await stitch.getAttribute('aria-pressed'), await seam.count()]).toEqual(['false', 0])
    await stitch.click()
    await seam.waitFor()
    expect(await seam.getByText('✂ stitched').count()).toBe(1)
    expect(await violations(page)).toEqual([])
    await stitch.click()
    await seam.waitFor({ state: 'detached' })

    await session.getByRole('link', { name: '↪' }).click()
    await page.waitForURL(`**/?trace=${traceIds.at(-1)}*`)
    await expect.poll(() => here.innerText()).toBe(resumes)
    expect(await stitch.count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('what is wrong with a file is told, with its line', async () => {
    const { page, complaints } = await open(browser, await start(), '/')
    await pick(page, 'broken.jsonl', `${file.spans.toString()}{"resourceSpans":[\n`)
    await page
      .getByText(/Not taken: 1 line\. The first: line \d+: expected JSON/)
      .first()
      .waitFor()
    await pick(page, 'notes.txt', 'one\ntwo\n')
    const alert = page.getByRole('alert')
    await alert.getByText('The file has no OTLP JSON lines').waitFor()
    expect(await alert.innerText()).toMatch(/^notes\.txt: .* line 1: expected JSON/)
    expect(await violations(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a file beyond the bound is told to be, with what there was room for', async () => {
    const { page } = await open(browser, await start(1024 * 1024), '/')
    const large = Buffer.concat([file.spans, Buffer.alloc(4 * 1024 * 1024, ' ')])
    await drop(page, 'large.jsonl', large)
    await page.getByRole('alert').getByText('The file has over 4 MiB unpacked: raise INSPECTOR_MIB').waitFor()
    await page
      .getByText(/The first \d+ of these traces had to go/)
      .first()
      .waitFor()
    await page.close()
  })

  test('an upload shows how far it is, and can be cancelled', async () => {
    const { page } = await open(browser, await start(), '/')
    // The answer is kept back, so that the upload is under way for as long as is wanted.
    await page.route('**/files', () => {})
    await pick(page, 'spans.jsonl', file.spans)
    await page.getByRole('progressbar', { name: 'Opening spans.jsonl' }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('alert').getByText('Cancelled').waitFor()
    await page.getByLabel('Open a file').waitFor({ state: 'attached' })
    await page.close()
  })
})
