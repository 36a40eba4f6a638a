import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SimulatedCollector } from '../support/collector.ts'

let collector: SimulatedCollector
beforeEach(async () => {
  collector = await SimulatedCollector.start()
})
afterEach(() => collector.down())

const program = fileURLToPath(new URL('../support/one-span.ts', import.meta.url))

/** Runs the program to its end; resolves to its exit code and what it wrote. */
async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '3600000' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)))
  const [code] = (await once(child, 'close')) as [number]
  return { code, output }
}

describe('a program that has nothing else to do', () => {
  it('is not kept alive by a span that waits for others', async () => {
    expect(await run()).toEqual({ code: 0, output: '' })
    expect(collector.spans.size).toBe(0)
  })

  it('is kept alive by the end of its telemetry until the span has been taken', async () => {
    collector.behavior = { delayMs: 300 }
    expect(await run('60000')).toEqual({ code: 0, output: 'lost 0\n' })
    expect([...collector.spans.values()]).toMatchObject([{ name: 'the span', service: 'one-span' }])
  })

  it('is kept alive by it between two attempts as well', async () => {
    await collector.down()
    const ended = run('60000')
    collector.behavior = { status: 503 }
    await collector.up()
    await collector.until(() => collector.requests.length > 0)
    collector.behavior = {}
    expect((await ended).output).toMatch(/lost 0\n/)
    expect(collector.spans.size).toBe(1)
  })

  it('ends at its deadline with a collector that never answers', async () => {
    collector.behavior = { instead: 'hang' }
    expect(await run('300')).toEqual({ code: 0, output: 'lost 1\n' })
  })
})
