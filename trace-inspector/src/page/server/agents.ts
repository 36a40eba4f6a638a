import type { Request, RequestHandler } from 'express'
import { Problem } from 'service-kit/problem'
import { request } from 'undici'
import type { KnownAgent } from '../../agents.ts'
import { relay } from '../../relay.ts'

/** An agent that the page can ask to run something. */
export interface AgentState extends Pick<KnownAgent, 'id' | 'url'> {
  service: string
  /** Of its agent ids; null for none. */
  prefix: string | null
  /** Whether it answers. */
  is_up: boolean
}

/** What may be asked of an agent through here, and nothing else. */
const passed = /^\/(scenarios|run|run\/\w+|stream|runs|runs\/[0-9a-f]{32}(\/status)?)$/
/** What only the replica can answer that played the run. */
const ofOneRun = /^\/runs\//
const askMs = 2000

export async function stateOf({ id, url }: KnownAgent): Promise<AgentState> {
  const agent = { id, url }
  try {
    const { body } = await request(`${agent.url}/`, { signal: AbortSignal.timeout(askMs) })
    const { service, agent: prefix } = (await body.json()) as { service?: unknown; agent?: unknown }
    return { ...agent, service: String(service), prefix: typeof prefix === 'string' ? prefix : null, is_up: true }
  } catch {
    return { ...agent, service: '', prefix: null, is_up: false }
  }
}

/** Hands a request on to an agent and its answer back, as it comes; a client that leaves ends both. */
export function passOn(agents: readonly KnownAgent[]): RequestHandler {
  return async (req, res) => {
    const agent = agents.find(({ id }) => id === req.params.agent)
    if (!agent) {
      const known = agents.map(({ id }) => id)
      throw new Problem(404, 'Unknown agent', `The known agents are ${known.join(', ')}`, { members: { known } })
    }
    const path = `/${[req.params.path].flat().join('/')}`
    if (!passed.test(path))
      throw new Problem(404, 'Not found', `Nothing at ${path.slice(0, 100)} is passed on to agents`)
    const addresses = await agent.addresses()
    const bases = ofOneRun.test(path) || addresses.length < 2 ? addresses : await readyOf(addresses)
    const to = { bases: bases.length > 0 ? bases : [agent.url], path: `${path}${queryIn(req)}`, who: 'Agent' }
    await relay(to, req, res)
  }
}

/** One of the replicas that take work, none where none does: their name leads to those as well that begin or end. */
async function readyOf(addresses: readonly string[]): Promise<string[]> {
  const isReady = async (address: string) => {
    try {
      const { statusCode, body } = await request(`${address}/ready`, { signal: AbortSignal.timeout(askMs) })
      await body.dump()
      return statusCode === 200
    } catch {
      return false
    }
  }
  const answers = await Promise.all(addresses.map(isReady))
  return addresses.filter((_, place) => answers[place]).slice(0, 1)
}

const queryIn = ({ url }: Request) => (url.includes('?') ? url.slice(url.indexOf('?')) : '')
