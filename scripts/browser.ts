import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

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

/** A browser with a profile of its own. */
export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath, args })
