import { pipeline } from 'node:stream/promises'
import type { Request, RequestHandler, Response } from 'express'
import { runParametersHeader } from 'contract/run-parameters'
import { Problem } from 'service-kit/problem'
import { request } from 'undici'
import type { KnownAgent } from '../../agents.ts'

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
    const bases = ofOneRun.test(path) ? await agent.addresses() : []
    await relay(bases.length > 0 ? bases : [agent.url], `${path}${queryIn(req)}`, req, res)
  }
}

/** Asks one after the other until one does not answer 404. */
async function relay(bases: readonly string[], path: string, req: Request, res: Response): Promise<void> {
  const gone = new AbortController()
  res.once('close', () => gone.abort(new Error('The client left')))
  let answer: Awaited<ReturnType<typeof request>> | undefined
  let unreachable: Problem | undefined
  for (const base of bases) {
    try {
      await answer?.body.dump()
      answer = await request(base + path, {
        method: req.method as 'GET' | 'HEAD',
        headers: { accept: req.headers.accept ?? '*/*', ...passedHeaders(req) },
        // A run may take hours.
        headersTimeout: 0,
        bodyTimeout: 0,
        signal: gone.signal,
      })
      if (answer.statusCode !== 404) break
    } catch (error) {
      if (gone.signal.aborted) return
      const { code, message } = error as NodeJS.ErrnoException
      unreachable = new Problem(502, 'Agent unreachable', `${base} does not answer (${code ?? message})`)
    }
  }
  if (!answer) throw unreachable ?? new Problem(502, 'Agent unreachable', 'It has no address')
  res.status(answer.statusCode)
  for (const name of ['content-type', 'content-length', 'x-trace-id', 'x-agent-instance', 'retry-after', 'allow'])
    if (answer.headers[name] !== undefined) res.setHeader(name, answer.headers[name])
  // Tokens are to be seen as they come.
  res.flushHeaders()
  await pipeline(answer.body, res).catch(() => res.destroy())
}

/** Parameters that are not to stand in a URL, and what opens what is sealed. */
function passedHeaders({ headers }: Request): Record<string, string> {
  const passed = [runParametersHeader, 'authorization'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  return Object.fromEntries(passed) as Record<string, string>
}

const queryIn = ({ url }: Request) => (url.includes('?') ? url.slice(url.indexOf('?')) : '')
