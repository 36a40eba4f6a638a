import { createServer } from 'node:http'
import express from 'express'
import { afterEach, expect, test } from 'vitest'
import { listen } from '../../test/support/apps.ts'
import { readConfig } from '../src/config.ts'
import { passOn } from '../src/page/server/agents.ts'
import { relay } from '../src/relay.ts'
import { freePorts } from './support/backend.ts'

const cleanups: (() => unknown)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

async function serve(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler)
  cleanups.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return listen(server)
}
const answering = (status: number, text: string) =>
  serve((_request, response) => void response.writeHead(status, { 'content-length': text.length }).end(text))
const throughRelay = async (bases: string[]) => {
  const app = express().use((req, res) => relay({ bases, path: '/runs', who: 'Agent' }, req, res))
  const answer = await fetch(await serve(app))
  return [answer.status, await answer.text()]
}

test('of several the first that knows is heard; that none knows is said where all were asked', async () => {
  const [unknown, known] = [await answering(404, 'no such run'), await answering(200, 'here it is')]
  const gone = `http://127.0.0.1:${(await freePorts(1))[0]}`
  const unreachable = [502, expect.stringContaining(`${gone} does not answer`)]
  expect(await throughRelay([unknown, known])).toEqual([200, 'here it is'])
  expect(await throughRelay([unknown, gone, known])).toEqual([200, 'here it is'])
  expect(await throughRelay([unknown, unknown])).toEqual([404, 'no such run'])
  // The one that is gone may have known it.
  expect(await throughRelay([unknown, gone])).toEqual(unreachable)
  expect(await throughRelay([gone, unknown])).toEqual(unreachable)
})

test('all addresses behind a name are asked without TLS, whose certificates are of the name', () => {
  expect(readConfig({ AGENT_URLS: 'dns+http://a:1,https://b' }).AGENT_URLS).toBe('dns+http://a:1,https://b')
  expect(() => readConfig({ AGENT_URLS: 'https://b,dns+https://a' })).toThrow(/AGENT_URLS/)
})

test('what any replica can answer goes to one that is ready, what one has played to all', async () => {
  const replica = (name: string, status: number) =>
    serve(({ url }, response) => {
      const isKnown = url === '/runs/' + 'b'.repeat(32) ? name === 'ending' : true
      response.writeHead(url === '/ready' ? status : isKnown ? 200 : 404).end(`${name} ${url}`)
    })
  const [ending, ready] = [await replica('ending', 503), await replica('ready', 200)]
  const gone = `http://127.0.0.1:${(await freePorts(1))[0]}`
  const replicas = (id: string, addresses: string[]) => ({ id, url: ending, addresses: async () => addresses })
  const agents = [replicas('all', [gone, ending, ready]), replicas('none', [gone, ending])]
  const url = await serve(express().get('/agents/:agent/*path', passOn(agents)))
  const ask = async (path: string) => (await fetch(`${url}/agents/${path}`)).text()
  expect(await ask('all/run?fanout=1')).toBe('ready /run?fanout=1')
  expect(await ask(`all/runs/${'b'.repeat(32)}`)).toBe(`ending /runs/${'b'.repeat(32)}`)
  // It says itself why not.
  expect(await ask('none/run')).toBe('ending /run')
})
