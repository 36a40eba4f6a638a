import { pipeline } from 'node:stream/promises'
import { runParametersHeader } from 'contract/run-parameters'
import type { Request, Response } from 'express'
import { whyNoAnswer } from 'service-kit/no-answer'
import { Problem } from 'service-kit/problem'
import { request } from 'undici'

/** Whom a request is handed on to. */
export interface Target {
  /** Asked one after the other until one does not answer 404; one that does not answer at all may be the one that would not have. */
  bases: readonly string[]
  path: string
  /** What they are called where none answers. */
  who: string
  /** Beside those of the request that are handed on. */
  headers?: Record<string, string>
}

/** Hands a request on and the answer back, as it comes; a client that leaves ends both. */
export async function relay({ bases, path, who, headers }: Target, req: Request, res: Response): Promise<void> {
  const gone = new AbortController()
  res.once('close', () => gone.abort(new Error('The client left')))
  let answer: Awaited<ReturnType<typeof request>> | undefined
  let unreachable: Problem | undefined
  for (const base of bases) {
    try {
      await answer?.body.dump()
      answer = undefined
      answer = await request(base + path, {
        method: req.method as 'GET' | 'HEAD' | 'POST',
        headers: { accept: req.headers.accept ?? '*/*', ...passedHeaders(req), ...headers },
        body: req.method === 'POST' ? req : null,
        // A run may take hours.
        headersTimeout: 0,
        bodyTimeout: 0,
        signal: gone.signal,
      })
      if (answer.statusCode !== 404) break
    } catch (error) {
      if (gone.signal.aborted) return
      unreachable = new Problem(502, `${who} unreachable`, `${base} does not answer (${whyNoAnswer(error)})`)
    }
  }
  if (!answer || (unreachable && answer.statusCode === 404)) {
    await answer?.body.dump()
    throw unreachable ?? new Problem(502, `${who} unreachable`, 'It has no address')
  }
  res.status(answer.statusCode)
  for (const name of passedBack) if (answer.headers[name] !== undefined) res.setHeader(name, answer.headers[name])
  // Tokens are to be seen as they come.
  res.flushHeaders()
  await pipeline(answer.body, res).catch(() => res.destroy())
}

const passedBack = [
  'content-type',
  'content-length',
  'content-disposition',
  'x-trace-id',
  'x-agent-instance',
  'retry-after',
  'allow',
]

/** Parameters that are not to stand in a URL, and what opens what is sealed. */
function passedHeaders({ headers }: Request): Record<string, string> {
  const passed = [runParametersHeader, 'authorization'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  return Object.fromEntries(passed) as Record<string, string>
}
