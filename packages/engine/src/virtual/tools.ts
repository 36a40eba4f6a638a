import { payloadOf } from 'contract/payload'
import type { Random } from 'contract/random'
import { answerTo, refusalOf } from 'contract/toolbox'
import { refusal } from '../errors.ts'
import type { Answer, Clock, OpenSpan, ToolAddress, ToolCall, Tools } from '../ports.ts'

/** What tool-service did for one call: the SERVER span that it owes. */
export interface Served {
  tool: string
  startMs: number
  endMs: number
  status: number
}

/** The service that the tools say they are. */
export const toolService = 'synthetic-tool-service'
const base = { host: 'tool-service', port: 8081 }

/** One way over a network that is near: median and sigma, ms. */
const networkMs = 0.4
const networkSigma = 0.4

const addresses = new Map<string, ToolAddress>()

/** What is between an agent and its virtual tools. */
export interface Between {
  /** Drawn from for every call. */
  network: Random
  /** Hears of every call that was answered. */
  served: (served: Served, below: OpenSpan) => void
}

/** What a tool answers: text is made when somebody reads it. */
class VirtualAnswer implements Answer {
  readonly tool: string
  readonly delay_ms: number
  readonly ok = true
  readonly service = toolService
  readonly payloadBytes: number
  readonly #call: ToolCall
  readonly #isRead: boolean

  constructor(call: ToolCall, isRead: boolean) {
    this.tool = call.tool
    this.delay_ms = call.delayMs
    this.payloadBytes = Math.round(call.payloadKb * 1024)
    this.#call = call
    this.#isRead = isRead
  }

  get result() {
    const { tool, asked, seed, key, flaw, version } = this.#call
    return answerTo(tool, { text: asked?.text, seed, key, flaw, version })
  }

  get payload(): string {
    const { seed, key } = this.#call
    return this.#isRead && this.payloadBytes > 0 ? payloadOf(this.payloadBytes, `${seed} ${key}`) : ''
  }
}

/** The tools in the agent's own process and time, as slow and as broken as they are asked to be, a network away. */
export class VirtualTools implements Tools {
  readonly #clock: Clock
  readonly #between: Between | undefined

  /** Without anything between, a call takes what it was drawn to take, and answers without a payload: nobody reads it. */
  constructor(clock: Clock, between?: Between) {
    this.#clock = clock
    this.#between = between
  }

  addressOf(tool: string): ToolAddress {
    const known = addresses.get(tool)
    if (known) return known
    const { host, port } = base
    const url = `http://${host}:${port}/tool/${encodeURIComponent(tool)}`
    const made = { url, server_address: host, server_port: port }
    addresses.set(tool, made)
    return made
  }

  async call(call: ToolCall, span: OpenSpan, signal: AbortSignal): Promise<Answer> {
    const { tool, fails, retryAfterS, asked } = call
    const refused = asked && !asked.isDrawn ? refusalOf(tool, asked.text)?.status : undefined
    const status = refused ?? (fails ? (call.status ?? 503) : 200)
    // What is refused is refused at once.
    const delayMs = refused === undefined ? call.delayMs : 0
    const thereMs = this.#wayMs()
    const backMs = this.#wayMs()
    const startMs = this.#clock.now() + thereMs
    await this.#clock.sleep(thereMs + delayMs + backMs, signal)
    this.#between?.served({ tool, startMs, endMs: startMs + delayMs, status }, span)
    if (refused !== undefined) throw refusal(tool, refused, { service: toolService, delayMs })
    if (fails) {
      const left = retryAfterS !== undefined && { retryAfterMs: retryAfterS * 1000, retryAfter: String(retryAfterS) }
      throw refusal(tool, status, { service: toolService, delayMs, ...left })
    }
    return new VirtualAnswer(call, this.#between !== undefined)
  }

  #wayMs(): number {
    return wayMs(this.#between?.network)
  }
}

/** One way over a network, ms; 0 without one. */
export const wayMs = (network: Random | undefined) => network?.lognormal(networkMs, networkSigma) ?? 0
