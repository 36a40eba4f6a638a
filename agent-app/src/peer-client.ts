import type { Socket } from 'node:net'
import {
  type Handed,
  type Handoff,
  handoffAnswerSchema,
  handoffMethod,
  handoffPath,
  handoffTool,
  metaOfRun,
  type Part,
} from 'contract/handoff'
import { ToolFailure } from 'engine/errors'
import type { HandOver, OpenSpan, Peers, WholeRun } from 'engine/ports'
import { whyNoAnswer } from 'service-kit/no-answer'
import { untraced } from 'service-kit/spans'
import { Agent, request } from 'undici'

/** Whoever takes over may take as long as the run may. */
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

/** Another agent behind HTTP. */
export class PeerClient implements Peers {
  readonly address: Peers['address']
  readonly #url: string

  constructor(base: string) {
    const { hostname, port, protocol } = new URL(base)
    this.#url = `${base}${handoffPath}`
    this.address = { server_address: hostname, server_port: Number(port) || (protocol === 'https:' ? 443 : 80) }
  }

  async handOver(task: HandOver, span: OpenSpan, signal: AbortSignal): Promise<Handed> {
    const { run, part, carriesContext, callId } = task
    const headers: Record<string, string> = {}
    if (carriesContext) span.inject(headers)
    const _meta = { ...headers, [metaOfRun]: metaFor(run, part) }
    return this.#post({ id: callId, arguments: task.arguments, _meta }, headers, signal)
  }

  /** A person has answered: the run goes on, and nobody's trace does. */
  resume(run: WholeRun, part: Part, signal: AbortSignal): Promise<Handed> {
    return this.#post({ id: part.name, arguments: {}, _meta: { [metaOfRun]: metaFor(run, part) } }, {}, signal)
  }

  async #post(
    { id, ...params }: Pick<Handoff, 'id'> & Omit<Handoff['params'], 'name'>,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Handed> {
    const body: Handoff = { jsonrpc: '2.0', id, method: handoffMethod, params: { name: handoffTool, ...params } }
    const { statusCode, text } = await this.#ask(JSON.stringify(body), headers, signal)
    if (statusCode !== 200)
      throw new ToolFailure('unexpected_status', `The agent at ${this.#url} answered ${statusCode}`, {
        status: statusCode,
      })
    const answer = handoffAnswerSchema.safeParse(parse(text))
    if (answer.success) return answer.data.result._meta[metaOfRun]
    throw new ToolFailure(
      'invalid_response',
      `The agent at ${this.#url} answered something that is no hand-over's answer`,
    )
  }

  async #ask(body: string, headers: Record<string, string>, signal: AbortSignal) {
    try {
      const asked = { ...headers, 'content-type': 'application/json' }
      // Where the context is to be lost, an instrumentation of undici would carry one all the same.
      const options = { method: 'POST', body, headers: asked, dispatcher, signal } as const
      const response = await untraced(() => request(this.#url, options))
      return { statusCode: response.statusCode, text: await response.body.text() }
    } catch (error) {
      signal.throwIfAborted()
      throw new ToolFailure('agent_unreachable', `No agent at ${this.#url} (${whyNoAnswer(error)})`)
    }
  }
}

const metaFor = ({ scenario, params, isBlind }: WholeRun, part: Part) => ({
  scenario,
  params,
  blind: isBlind,
  part,
})

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Where this process was reached by a request. A URL cannot say of which interface a link-local address is: here, it is the
 * loopback's. A connection that has no address, such as a pipe, gives a port at which nobody is.
 */
export function originOf({
  localAddress = '127.0.0.1',
  localPort = 0,
}: Pick<Socket, 'localAddress' | 'localPort'>): string {
  const address = localAddress.includes('%') ? '::1' : localAddress.replace(/^::ffff:/, '')
  return `http://${address.includes(':') ? `[${address}]` : address}:${localPort}`
}
