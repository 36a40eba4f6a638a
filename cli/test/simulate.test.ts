import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SimulatedCollector } from '../../packages/service-kit/test/support/collector.ts'
import { cleanEnvironment } from '../../scripts/process.ts'

const program = fileURLToPath(new URL('../simulate.ts', import.meta.url))
const folder = () => mkdtempSync(join(tmpdir(), 'simulate-'))

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawnIt(args, env)
  return { child, said: Promise.all([text(child.stdout), text(child.stderr)]) }
}

const spawnIt = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawn(process.execPath, [program, ...args], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

async function codeOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode === null) await once(child, 'exit')
  return child.exitCode
}

async function run(...args: string[]) {
  const { child, said } = start(args)
  const [code, [out, err]] = [await codeOf(child), await said]
  return { code, out, err }
}

const common = ['--seed', '7', '--start', '2026-01-31T09:00:00Z', '--traces', '20']

test('the digest that was told is that of the file that was written, and nothing is in the way of a script', async () => {
  const file = join(folder(), 'spans.jsonl.gz')
  const played = await run(...common, '--out', file, '--digest', '--workers', '2')
  expect(played.code).toBe(0)
  expect(played.out).toMatch(/^[\da-f]{64} {2}\d+ spans\n$/)
  expect(played.err).toMatch(/^Played 20 traces with [\d,]+ spans in [\d.]+ s, seed 7\.\n$/)
  const read = await run('digest', file)
  expect([read.code, read.out]).toEqual([0, played.out])
})

test('shards, however many workers play them, add up to what one plays', async () => {
  const whole = await run(...common, '--mix', 'support', '--to', 'none', '--digest')
  const at = folder()
  const shards = await Promise.all(
    ['0/3', '1/3', '2/3'].map(async (shard, index) => {
      const workers = String(index + 1)
      const played = await run(
        ...common,
        '--mix',
        'support',
        '--to',
        'none',
        '--digest',
        '--shard',
        shard,
        '--workers',
        workers,
      )
      writeFileSync(join(at, `${index}.log`), played.err + played.out)
      return played
    }),
  )
  for (const [index, { code, out }] of shards.entries())
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^[\\da-f]{64}  \\d+ spans of shard ${index}/3\\n$`)),
    ])
  const files = [0, 1, 2].map((index) => join(at, `${index}.log`))
  expect(await run('sum', ...files, files[1] as string)).toEqual({ code: 0, out: whole.out, err: '' })
  expect(await run('sum', ...files.slice(1))).toEqual({ code: 1, out: '', err: 'There are 2 of 3 shards\n' })
})

test('scenarios may be named instead, with what verify takes', async () => {
  const { code, err } = await run(
    ...common,
    '--scenario',
    'retry?fanout=3&seed=same',
    'fanout?fanout=2',
    '--to',
    'none',
  )
  expect([code, err]).toEqual([0, expect.stringMatching(/^Played 20 traces/)])
})

test('Ctrl-C ends it with what was taken, and how to go on', async () => {
  const collector = await SimulatedCollector.start()
  const { child, said } = start([...common.slice(0, 4), '--traces', '1000000', '--to', collector.url])
  await collector.until(() => collector.spans.size > 0)
  child.kill('SIGINT')
  const [code, [, err]] = [await codeOf(child), await said]
  await collector.down()
  expect(code).toBe(130)
  const [, traces, spans] = /^Stopped after ([\d,]+) traces with ([\d,]+) spans/m.exec(err) ?? []
  const number = (digits = '') => Number(digits.replaceAll(',', ''))
  expect(number(spans)).toBe(collector.spans.size)
  expect(err).toMatch(/took all of them\./)
  const [, last, from, left] =
    /^Units 0 to (\d+) were taken as a whole\. .* --from-unit (\d+) --seed 7 --start 2026-01-31T09:00:00.000Z --traces (\d+)$/m.exec(
      err,
    ) ?? []
  expect(Number(from)).toBe(Number(last) + 1)
  expect(Number(left)).toBe(1_000_000 - number(traces))
})

test('headers and compression are those of the standard variables', async () => {
  const collector = await SimulatedCollector.start()
  const { child, said } = start(common, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'GZIP',
  })
  expect([await codeOf(child), (await said)[1]]).toEqual([0, expect.stringMatching(/took all of them/)])
  const { headers } = collector.requests[0] ?? {}
  expect(headers).toMatchObject({
    authorization: 'Bearer abc',
    'content-encoding': 'gzip',
    'content-type': 'application/x-protobuf',
  })
  await collector.down()
})

test('a reader that leaves, as head does, is told in one sentence', async () => {
  const child = spawnIt([...common.slice(0, 4), '--traces', '1000', '--out', '-', '--digest'])
  const err = text(child.stderr)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  expect(await codeOf(child)).toBe(1)
  expect(await err).toMatch(/^The standard output cannot be written: nobody reads it any more\.\n/)
  // No digest of what nobody has.
  expect(await err).not.toMatch(/[\da-f]{64}/)
})

const bad = join(folder(), 'bad.yaml')
writeFileSync(bad, 'rate: fast\nruns:\n  - { scenario: react, weight: -1 }\n')
const noSpans = join(folder(), 'no-spans.jsonl')
writeFileSync(noSpans, '{"resourceSpans":[]}\n{"half":\n')

test.each<[string[], number, RegExp]>([
  [['--fast'], 2, /^--fast: expected one of --mix, /],
  [['--traces', '0'], 2, /^--traces 0: expected a whole number from 1 /],
  [['--duration', '3'], 2, /^--duration 3: expected a time with its unit/],
  [['--start', 'yesterday'], 2, /^--start yesterday: expected how long ago/],
  [['--seed', 'a b'], 2, /^--seed a b: expected 1 to 40 printable/],
  [['--to', 'localhost:4318'], 2, /^--to localhost:4318: expected an http or https URL/],
  [['--workers', 'all'], 2, /^--workers all: expected a whole number from 1 to 64/],
  [['--mix', 'default', '--scenario', 'retry'], 2, /^--mix default: expected no --scenario beside it/],
  [
    ['--mix', bad, '--to', 'none'],
    1,
    /bad\.yaml is no mix:\n {2}rate.*\(line 1\).*expected a rate.*\n {2}runs\.0\.weight \(line 3\)/,
  ],
  [
    ['--mix', '/no/such.yaml'],
    1,
    /^\/no\/such\.yaml is neither a mix that comes along .* nor a file that can be read: ENOENT/,
  ],
  [['--scenario', 'nothing', '--to', 'none'], 1, /no scenario nothing; expected one of fanout/],
  [['--scenario', 'retry?fanout=x', '--to', 'none'], 1, /fanout x: expected a whole number/],
  [
    ['--out', 'a.jsonl', '--ledger', './a.jsonl'],
    2,
    /^--ledger \.\/a\.jsonl: expected another file than that of --out/,
  ],
  [['--out', '-', '--key', '-'], 2, /^--key -: expected another file than that of --out/],
  [['--out', '/no/such/file'], 1, /^\/no\/such\/file cannot be written: ENOENT/],
  [['--traces', '50', '--out', '/dev/full'], 1, /^\/dev\/full cannot be written: ENOSPC/],
  [['--shard', '1/2', '--start', '2026-01-31T09:00:00Z'], 2, /--shard 1\/2: expected --seed beside it/],
  [['--shard', '1/2', '--seed', 'a'], 2, /--shard 1\/2: expected --start beside it, an ISO time/],
  [
    ['--shard', '0/2', '--seed', 'a', '--start', '2026-01-31T09:00:00Z', '--spans', '9'],
    2,
    /--spans 9: expected --traces or --duration/,
  ],
  [['sum'], 2, /^npm run simulate -- sum FILE/],
  [['sum', noSpans], 1, /^There is no digest of a shard in it/],
  [['digest'], 2, /^npm run simulate -- digest FILE/],
  [['digest', '/no/such.jsonl'], 1, /^\/no\/such\.jsonl cannot be read: ENOENT/],
  [['digest', noSpans], 1, /no-spans\.jsonl, line 2 is no JSON/],
])('%j exits %i with what is wrong', async (args, code, words) => {
  const { code: exited, out, err } = await run(...args)
  expect([exited, out]).toEqual([code, ''])
  expect(err).toMatch(words)
  expect(err).not.toMatch(/^ +at /m)
})

test('what was not ended leaves no file that looks whole', async () => {
  const at = folder()
  const { child, said } = start([...common.slice(0, 4), '--traces', '1000000', '--out', join(at, 'spans.jsonl')])
  const { watch } = await import('node:fs/promises')
  for await (const _ of watch(at)) break
  child.kill('SIGINT')
  expect(await codeOf(child)).toBe(130)
  expect((await said)[1]).toMatch(/spans\.jsonl\.partial is not whole/)
  expect(readdirSync(at)).toEqual(['spans.jsonl.partial'])
})
