import { onAbort } from 'service-kit/on-abort'
import { behaviorHeader, encodeBehavior } from 'contract/tool'
import { Connections } from './connections.ts'
import { ToolFailure, ToolServiceUnreachable } from 'engine/errors'
import type { Answer, OpenSpan, ToolAddress, ToolCall, Tools } from 'engine/ports'
import { Exchange } from './exchange.ts'
import { asToolError, readAnswer } from './answer.ts'

/** Room for what an answer says beside its payload, bytes. */
const besidesPayload = 65_536

/** Where a tool is, as a request and as a span name it. */
interface Place {
  path: string
  address: ToolAddress
}

/** The tools behind HTTP, with one time-out over connection, headers and body. */
export class ToolClient implements Tools {
  readonly base: URL
  readonly #connections: Connections
  readonly #timeoutMs: number
  readonly #places = new Map<string, Place>()

  /** `timeoutMs` is how long an answer may take beyond the delay that was asked for. */
  constructor(base: string, timeoutMs: number) {
    this.base = new URL(base)
    this.#timeoutMs = timeoutMs
    this.#connections = new Connections(this.base.origin, timeoutMs)
  }

  addressOf(tool: string): ToolAddress {
    return this.#placeOf(tool).address
  }

  #placeOf(tool: string): Place {
    const known = this.#places.get(tool)
    if (known) return known
    const { origin, pathname, hostname, port, protocol } = this.base
    const path = `${pathname === '/' ? '' : pathname}/tool/${encodeURIComponent(tool)}`
    const server_port = Number(port) || (protocol === 'https:' ? 443 : 80)
    const place = { path, address: { url: `${origin}${path}`, server_address: hostname, server_port } }
    this.#places.set(tool, place)
    return place
  }

  async call(call: ToolCall, span: OpenSpan, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted()
    const { tool, delayMs, payloadKb } = call
    const headers: Record<string, string> = {}
    span.inject(headers)
    headers[behaviorHeader] = encodeBehavior({ ...call, arguments: call.asked?.text })
    const { path } = this.#placeOf(tool)
    const exchange = new Exchange(tool, payloadKb * 1024 + besidesPayload)
    const limitMs = delayMs + this.#timeoutMs
    const connection = this.#connections.take()
    // Where this process was held up, what has come meanwhile is heard first: a connection, or the answer.
    let over: NodeJS.Immediate | undefined
    const timer = setTimeout(() => {
      over = setImmediate(() => exchange.abort(this.#timedOut(tool, limitMs)))
    }, limitMs)
    const stay = onAbort(signal, () => exchange.abort(signal.reason as Error))
    try {
      connection.dispatch({ method: 'GET', path, headers }, exchange)
      return readAnswer(tool, await exchange.answer)
    } catch (error) {
      throw asToolError(tool, this.base.origin, error, exchange.status)
    } finally {
      this.#connections.giveBack(connection)
      clearTimeout(timer)
      clearImmediate(over)
      stay()
    }
  }

  /** Somebody who is silent, or nobody: what swallows a call whole has no connection. */
  #timedOut(tool: string, limitMs: number): Error {
    const within = `within ${Math.round(limitMs)} ms`
    if (this.#connections.isConnected) return new ToolFailure('timeout', `${tool} did not answer ${within}`)
    return new ToolServiceUnreachable(`No tool-service at ${this.base.origin} (no connection ${within})`)
  }

  /** Whether tool-service is there and says that it is well. */
  async isReady(): Promise<boolean> {
    const connection = this.#connections.take()
    try {
      const response = await connection.request({ method: 'GET', path: '/health', signal: AbortSignal.timeout(2000) })
      await response.body.dump()
      return response.statusCode === 200
    } catch {
      return false
    } finally {
      this.#connections.giveBack(connection)
    }
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}
