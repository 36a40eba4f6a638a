import { createServer, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { type LedgerAnswer, ledgerSchemaVersion, type RunLedger } from 'contract/ledger'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { knownAgents } from '../src/agents.ts'
import { openFile } from '../src/file/open.ts'
import { KeptLedgers } from '../src/kept-ledgers.ts'
import { Traces } from '../src/traces.ts'
import { type Sources, verifyWhenThere } from '../src/verify/wait.ts'
import { type SimulatedFile, simulateFile } from './support/simulated-file.ts'

let file: SimulatedFile
let traceId: string
let traces: Traces
/** Whole, and as it was while its last step went on. */
let closed: RunLedger
let running: RunLedger
beforeAll(async () => {
  file = await simulateFile(['chain'])
  traceId = file.traceIds[0] as string
  closed = { ...(JSON.parse(file.ledgers.toString()) as RunLedger), age_ms: 0 }
  running = { ...closed, state: 'running', ok: null, steps: closed.steps.slice(0, 2) }
})

/** What an agent does when it is asked: once each, and the last for ever. */
type Reply = RunLedger | 404 | 503 | 'breaks off' | 'ends'
const servers: Server[] = []
beforeEach(async () => {
  traces = new Traces(64 * 1024 * 1024)
  await openFile(Readable.from([file.spans]), traces)
})
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function agent(...replies: [Reply, ...Reply[]]): Promise<string> {
  const server = createServer((_request, response) => answer(server, response, replies))
  servers.push(server)
  return listen(server)
}

function answer(server: Server, response: ServerResponse, replies: Reply[]): void {
  const reply = (replies.length > 1 ? replies.shift() : replies[0]) as Reply
  if (reply === 'ends') {
    server.close()
    return server.closeAllConnections()
  }
  if (reply === 'breaks off') return void response.destroy()
  if (typeof reply === 'number') return void response.writeHead(reply).end('<html>')
  const ledger: LedgerAnswer = { schema_version: ledgerSchemaVersion, trace_id: traceId, runs: [reply], senders: [] }
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(ledger))
}

/** Verifies with these agents, until they have been asked `most` times. */
async function verify(urls: string[], most = Infinity) {
  const ledgers = new KeptLedgers(knownAgents(urls), 1_000_000)
  const over = new AbortController()
  let asked = 0
  const fetchLedger: Sources['fetchLedger'] = (id, before) => {
    if (++asked === most) over.abort()
    return ledgers.ask(id, before)
  }
  return verifyWhenThere(traceId, { traces, fetchLedger }, over.signal)
}

describe('an agent that gives no answer', () => {
  test.each([503, 'breaks off'] as const)('to one ask of several (%s) ends no wait', async (silence) => {
    expect(await verify([await agent(silence, closed)])).toMatchObject({ verdict: 'complete', note: null })
    expect(await verify([await agent(running, silence, closed)])).toMatchObject({ verdict: 'complete', note: null })
  })

  test('any more of a run that was under way leaves open what became of it, and is named', async () => {
    const url = await agent(running, 503)
    expect(await verify([url], 3)).toMatchObject({
      verdict: 'no_ledger',
      run: 'running',
      counts: { missing: 0, without_ledger: 0 },
      note: `Whether there is more of this trace is not known: ${url} answered 503 with something that is not a ledger of this version`,
    })
  })

  test('and says later that it knows nothing has lost the run', async () => {
    const { verdict, counts } = await verify([await agent(running, 503, 404)])
    expect([verdict, counts.without_ledger]).toEqual(['no_ledger', file.spanCount])
  })

  test('and ends in the middle of its run has lost it: nothing of that is waited for', async () => {
    const { verdict, counts } = await verify([await agent(running, 'ends'), await agent(404)])
    expect([verdict, counts.without_ledger]).toEqual(['no_ledger', file.spanCount])
  })

  test('keeps what it told before, where another answers', async () => {
    const url = await agent(closed, 503)
    const ledgers = new KeptLedgers(knownAgents([url, await agent(running)]), 1_000_000)
    const before = await ledgers.ask(traceId)
    expect(before.ledger.runs).toEqual([closed, running])
    const { ledger } = await ledgers.ask(traceId, before)
    expect(ledger).toMatchObject({ runs: [closed, running], silent: [expect.stringContaining(url)] })
    // That one has ended when it was told.
    expect(ledger.brokenOff).toBeUndefined()
    expect((await ledgers.ask(traceId)).ledger.runs).toEqual([running])
  })

  test('to the first ask is asked until the end of the wait, and is named then', async () => {
    const url = await agent(503)
    const { verdict, note } = await verify([await agent(404), url], 3)
    expect([verdict, note]).toEqual([
      'no_ledger',
      expect.stringMatching(new RegExp(`may be gone; ${url} answered 503 with`)),
    ])
  })

  test('and is not there at all is not waited for: its ledgers went with it', async () => {
    const gone = await agent(404)
    const [server] = servers.splice(0) as [Server]
    await new Promise((resolve) => server.close(resolve))
    const { verdict, note } = await verify([gone, await agent(404)])
    expect([verdict, note]).toEqual([
      'no_ledger',
      expect.stringMatching(new RegExp(`may be gone; ${gone} does not answer \\(ECONNREFUSED\\)$`)),
    ])
  })
})
