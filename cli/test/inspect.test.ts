import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cleanEnvironment } from '../../scripts/process.ts'
import type { Revelation } from '../../trace-inspector/src/reveal/reveal.ts'
import type { Verification } from '../../trace-inspector/src/verify/verify.ts'
import { type OtlpRequest, pack, unpack } from '../../trace-inspector/test/support/otlp.ts'
import { type SimulatedFile, simulateFile } from '../../trace-inspector/test/support/simulated-file.ts'

const script = fileURLToPath(new URL('../inspect.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'inspect-'))
let file: SimulatedFile
beforeAll(async () => void (file = await simulateFile()))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a file, and returns how it would be typed. */
function write(name: string, content: Buffer | string): string {
  writeFileSync(join(folder, name), content)
  return name
}

// As npm runs it: elsewhere than where it was typed.
const options = (env: Record<string, string> = {}) => ({ env: { ...cleanEnvironment(), INIT_CWD: folder, ...env } })

/** Starts it, and waits until it says what to open. */
async function inspect(args: string[], env?: Record<string, string>) {
  const child = spawn(process.execPath, [script, ...args], { ...options(env), stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    const [, page] = /^Open (http:\S+)/.exec(line) ?? []
    if (page === undefined) continue
    const url = new URL(page)
    return {
      lines,
      url,
      get: async <T>(path: string) => (await (await fetch(new URL(path, url))).json()) as T,
      stop: async () => {
        const ended = once(child, 'exit')
        child.kill('SIGINT')
        return (await ended)[0] as number | null
      },
    }
  }
  throw new Error(lines.join('\n'))
}

/** Runs it to its end. */
function refused(args: string[], env?: Record<string, string>): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], options(env), (error, _stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    )
  })
}

test('a file is served with its ledgers, so that its traces are verified with nobody else there', async () => {
  const spans = write('spans.jsonl.gz', gzipSync(file.spans))
  const other = await simulateFile(['rag'], { runs: 2 })
  const ledgers = write('ledger.jsonl.gz', gzipSync(Buffer.concat([file.ledgers, other.ledgers])))
  const { lines, get, stop } = await inspect([spans, '--ledger', ledgers])
  const traces = file.traceIds.length
  expect(lines[0]).toMatch(`spans.jsonl.gz: ${file.spanCount} spans of ${traces} traces, from `)
  expect(lines[1]).toBe(`ledger.jsonl.gz: the ledgers of ${traces} traces. 1 more of traces that are not here.`)
  for (const traceId of file.traceIds) {
    const { verdict } = await get<Verification>(`/traces/${traceId}/verify`)
    expect([traceId, verdict]).toEqual([traceId, 'complete'])
    expect((await get<Revelation>(`/traces/${traceId}/reveal`)).kind).not.toBeNull()
  }
  expect(await stop()).toBe(0)
})

test('a span that the file does not have is missing, however old the run is', async () => {
  const { spans, ledgers, traceIds } = await simulateFile(['human'])
  const requests = spans
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as OtlpRequest)
  const lost = requests.map((request) =>
    JSON.stringify(pack(unpack(request).filter(({ span }) => span.name !== 'checkpoint'))),
  )
  const { url, get, stop } = await inspect([
    write('lost.jsonl', lost.join('\n')),
    '--ledger',
    write('lost-ledger.jsonl', ledgers),
  ])
  expect(url.searchParams.get('trace')).toBe(traceIds[0])
  expect(await get<Verification>(`/traces/${traceIds[0]}/verify`)).toMatchObject({
    verdict: 'incomplete',
    counts: { missing: 1, differences: 1 },
  })
  expect(await stop()).toBe(0)
})

test('without ledgers nothing is compared, and that is said', async () => {
  const { get, stop } = await inspect([write('spans.jsonl', file.spans)])
  expect(await get(`/traces/${file.traceIds[0]}/verify`)).toMatchObject({
    verdict: 'no_ledger',
    note: expect.stringContaining('No agent has a ledger') as string,
  })
  expect(await stop()).toBe(0)
})

test('what of a file cannot be read or kept is said, and the rest is served', async () => {
  const text = `${file.spans.toString()}{"resourceSpans":[\n`
  const { lines, stop } = await inspect([write('broken.jsonl', text)])
  expect(lines[0]).toMatch(/ Not taken: 1 line\. The first: line \d+: expected JSON/)
  expect(await stop()).toBe(0)
})

test.each([
  [[], 2, /^FILE is missing\n\nOpens a file/],
  [['a.jsonl', 'b.jsonl'], 2, /^b\.jsonl: expected an option/],
  [['a.jsonl', '--port', '70000'], 2, /^--port 70000: expected a whole number from 0 to 65535/],
  [['nowhere.jsonl'], 1, /^nowhere\.jsonl: The file could not be read: ENOENT/],
  [['.'], 1, /^\.: The file could not be read: EISDIR/],
])('%j is refused in a sentence', async (args, code, says) => {
  expect(await refused(args)).toEqual({ code, stderr: expect.stringMatching(says) as string })
})

test('a file of ledgers that is none is refused, with the line', async () => {
  const spans = write('good.jsonl', file.spans)
  const ledger = write('bad.jsonl', `{"trace_id":"1"}\n${'{}\n'.repeat(20)}`)
  expect(await refused([spans, '--ledger', ledger])).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^bad\.jsonl: line 1: expected the ledger of a run \(scenario: /) as string,
  })
})

test('a ledger that was broken off in its line costs no other, and is said', async () => {
  const [first = '', second = ''] = file.ledgers.toString().split('\n')
  const ledger = write('torn.jsonl', `${first}\n${second.slice(0, 300)}`)
  const { lines, stop } = await inspect([write('spans.jsonl', file.spans), '--ledger', ledger])
  expect(await stop()).toBe(0)
  expect(lines[1]).toMatch(
    /^torn\.jsonl: the ledgers of 1 trace\. Not taken: 1 line\. The first: line 2: expected JSON \(/,
  )
})

test('a file beyond INSPECTOR_MIB is served as far as it goes', async () => {
  const blanks = Buffer.alloc(5 * 1024 * 1024, `${' '.repeat(1023)}\n`)
  const path = write('large.jsonl', Buffer.concat([file.spans, blanks]))
  const { lines, stop } = await inspect([path], { INSPECTOR_MIB: '1' })
  expect(await stop()).toBe(0)
  const said = lines.join('\n')
  expect(said).toMatch(/large\.jsonl: The file has over 4 MiB unpacked: raise INSPECTOR_MIB, .*read up to line \d+\.$/m)
  expect(said).toMatch(/The first \d+ of these traces had to go: there is room for no more \(INSPECTOR_MIB\)\.$/m)
})
