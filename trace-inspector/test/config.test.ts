import { expect, test } from 'vitest'
import { readConfig as readAgentConfig } from '../../agent-app/src/config.ts'
import { readConfig } from '../src/config.ts'

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
