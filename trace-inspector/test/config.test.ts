import { getHeapStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { readConfig as readAgentConfig } from '../../agent-app/src/config.ts'
import { heapWithin, readConfig } from '../src/config.ts'

test.each(['dns+http://agent-app:80800', 'http://agent-app:80800', 'http://[::1'])(
  'AGENT_URLS=%s is refused, with its name, its value and what was expected',
  (list) => {
    expect(() => readConfig({ AGENT_URLS: list })).toThrow(`AGENT_URLS=${list}: expected http or https URLs`)
  },
)

test('so are shards, and where ledgers go, and what is right is taken', () => {
  expect(() => readConfig({ AGENT_URLS: 'http://good:1, http://bad:80800' })).toThrow('AGENT_URLS=http://good:1')
  expect(() => readConfig({ INSPECTOR_SHARDS: 'http://a:1,http://b:99999' })).toThrow('INSPECTOR_SHARDS=http://a:1')
  expect(() => readAgentConfig({ LEDGER_SINK: 'http://sink:80800/x' })).toThrow('LEDGER_SINK=http://sink:80800')
  const taken = { AGENT_URLS: 'dns+http://a:1 , https://b/path', INSPECTOR_SHARDS: 'http://a:1,http://b:65535' }
  expect(readConfig(taken)).toMatchObject(taken)
  for (const sink of ['file:/tmp/a b', 'https://sink/x?y=1'])
    expect(readAgentConfig({ LEDGER_SINK: sink }).LEDGER_SINK).toBe(sink)
})

test('more spans than the heap of this process has room for are refused, with what it has room for', () => {
  const heapMib = heapWithin(getHeapStatistics().heap_size_limit / 1024 / 1024)
  const most = Math.floor(heapMib / 1.5)
  expect(readConfig({ INSPECTOR_MIB: String(most) }).INSPECTOR_MIB).toBe(most)
  expect(() => readConfig({ INSPECTOR_MIB: String(most + 1), INSPECTOR_PORT: 'x' })).toThrow(
    new RegExp(
      `INSPECTOR_PORT=x: expected .*\n  INSPECTOR_MIB=${most + 1}: expected at most ${most}, .* ${heapMib} MiB: NODE_OPTIONS=--max-old-space-size=`,
    ),
  )
  expect(() => readConfig({ INSPECTOR_MIB: 'x' })).toThrow('INSPECTOR_MIB=x: expected a whole number from 1 to 65536')
})

// Memory of a container, MiB, and V8's limit of its heap there.
test.each([
  [768, 432],
  [1024, 560],
  [2048, 1120],
  [4096, 2240],
])('a container of %i MiB has room for a third of it', (containerMib, limitMib) => {
  expect(heapWithin(limitMib) / 1.5).toBeGreaterThanOrEqual(containerMib / 3)
  expect(heapWithin(limitMib)).toBeLessThanOrEqual(containerMib / 2 + 16)
})
