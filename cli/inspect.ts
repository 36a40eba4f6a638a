// npm run inspect: opens a file of OTLP JSON lines on a page of its own, until Ctrl-C.
import { createReadStream, type ReadStream, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { runMain } from 'service-kit/main'
import { Lifecycle, serve } from 'service-kit/serve'
import { allowedHostsOf } from 'service-kit/settings'
import { noTelemetry } from 'service-kit/telemetry/none'
import { urlOf } from '../scripts/services.ts'
import { createApp } from '../trace-inspector/src/app.ts'
import { type Config, readConfig } from '../trace-inspector/src/config.ts'
import { FileLedgers, readLedgers } from '../trace-inspector/src/file/ledgers.ts'
import { type Opened, openFile } from '../trace-inspector/src/file/open.ts'
import { count, percent } from 'findings/format'
import { sentences } from '../trace-inspector/src/page/model/opened.ts'
import { Traces } from '../trace-inspector/src/traces.ts'
import { defineCommand, readWhole, runCommand } from './command.ts'
import { foldFor } from './fold.ts'
import { statusLine } from './status-line.ts'
import { enterTypedFolder } from './typed-folder.ts'

const say = (text: string) => console.log(foldFor(process.stdout, text))
const warn = (text: string) => console.error(foldFor(process.stderr, text))

/** Puts the spans of a file into `traces`, and says what came of it; undefined when there is nothing in it to look at. */
async function read(path: string, traces: Traces): Promise<Opened | undefined> {
  const file = createReadStream(path)
  const status = statusLine()
  const { opened, stopped } = await openFile(file, traces, ({ spans }) =>
    status(`${path}: ${count(spans, 'span')}${shareOf(file)} …`),
  )
  status('')
  if (stopped) warn(`${path}: ${stopped.message}.`)
  if (opened.lines === 0) return undefined
  say([`${path}:`, ...sentences(opened)].join(' '))
  return opened
}

/** How much of a file has been read; a pipe does not say how long it is. */
function shareOf(file: ReadStream): string {
  const { size } = statSync(file.path)
  return size > 0 ? `, ${percent(file.bytesRead / size)}` : ''
}

/** The ledgers of a file, said how many they are; undefined when there is none in it. */
async function readLedger(path: string, traces: Traces): Promise<FileLedgers | undefined> {
  try {
    const ledgers = await readLedgers(createReadStream(path), traces)
    const { size, strange, rejected, broken, trouble, stopped } = ledgers
    if (stopped !== null) warn(`${path}: ${stopped}.`)
    say(
      [
        `${path}: the ledgers of ${count(size, 'trace')}.`,
        ...(strange > 0 ? [`${count(strange, 'more')} of traces that are not here.`] : []),
        ...(rejected > 0 ? [`There was no room for ${count(rejected, 'more', 'more')} (INSPECTOR_MIB).`] : []),
        ...(broken > 0 ? [`Not taken: ${count(broken, 'line')}. The first: ${trouble}.`] : []),
      ].join(' '),
    )
    return ledgers
  } catch (error) {
    warn(`${path}: ${(error as Error).message}.`)
    return undefined
  }
}

async function inspect(config: Config, file: string, ledger: string | undefined, port: number): Promise<number> {
  const maxBytes = config.INSPECTOR_MIB * 1024 * 1024
  const traces = new Traces(maxBytes)
  const opened = await read(file, traces)
  if (!opened) return 1
  const ledgers = ledger === undefined ? undefined : await readLedger(ledger, traces)
  if (ledger !== undefined && !ledgers) return 1
  const lifecycle = new Lifecycle()
  const allowedHosts = allowedHostsOf(config)
  const { app, inFlight, requestMs } = createApp({ agents: [], maxBytes, allowedHosts, lifecycle, traces, ledgers })
  const server = await serve(app, {
    name: 'trace-inspector',
    host: config.HOST,
    port,
    portVariable: '--port',
    lifecycle,
    telemetry: noTelemetry,
    inFlight,
    drainMs: 0,
    flushMs: 0,
    requestMs,
  })
  const page = `${urlOf(config.HOST, (server.address() as AddressInfo).port)}/`
  say(`Open ${page}${opened.trace_id === null ? '' : `?trace=${opened.trace_id}`}\nCtrl-C ends it.`)
  return 0
}

const command = defineCommand({
  name: 'npm run inspect --',
  description: 'Opens a file of OTLP JSON lines, as the file exporter of a Collector writes it, on a page of its own',
  args: {
    file: { type: 'positional', required: true, description: 'the spans: an export request a line, gzipped or not' },
    ledger: {
      type: 'string',
      valueHint: 'FILE',
      description: 'the ledgers of its runs, a line each, gzipped or not: traces are verified against them',
    },
    port: { type: 'string', valueHint: 'N', description: 'where the page is; 0 for a free port', default: '0' },
  },
  notes: 'INSPECTOR_MIB bounds what is kept, 256 where it is not set; HOST says where the page listens.',
  async run({ file, ledger, port }) {
    const where = readWhole('--port', port, 0, 65_535)
    let code = 1
    await runMain('npm run inspect', async () => {
      code = await inspect(readConfig(process.env), file, ledger, where)
    })
    return code
  },
})

enterTypedFolder()
await runCommand(command)
