import { type LedgerAnswer, ledgerAnswerSchema } from 'contract/ledger'
import type { Answer as RunAnswer } from 'contract/answer'
import { bearer } from 'service-kit/bearer'
import { whyNoAnswer } from 'service-kit/no-answer'
import { Problem } from 'service-kit/problem'
import { Agent, interceptors, request } from 'undici'
import { isRunning } from './verify/expectation.ts'

/** What an agent said of a trace: its ledger, or why there is none. */
type Answer =
  | Part
  | { why: string; status: number; title: string; detail: string }
  | { why: string; status?: number; mayPass?: boolean }

/** What one agent told of a trace. */
export interface Part {
  ledger: LedgerAnswer
  /** As it was sent. */
  body: Buffer
  /** When its first run began, by `performance.now()`. */
  begunAt: number
}

/** Where agents are by now, and what opens sealed runs there. */
export interface Agents {
  urls: readonly string[]
  token?: string | undefined
}

/** How long an agent may take to answer; a ledger of 40,000 steps takes about a second, ms. */
const timeoutMs = 30_000

/** A replica that is gone takes no connection, and says so to nobody, ms. */
const connectMs = 3000

/** Who was reached, and did not come to answer: it may the next time. Where no connection comes about its ledgers went with it. */
const mayAnswerLater = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const isTimeout = (error: unknown) => error instanceof DOMException && error.name === 'TimeoutError'

/** A connection that was kept may just be being closed: that says nothing of the agent. */
const dispatcher = new Agent({ connect: { timeout: connectMs } }).compose(
  interceptors.retry({
    maxRetries: 2,
    minTimeout: 50,
    errorCodes: ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'],
    statusCodes: [],
  }),
)

async function ask(agent: string, traceId: string, token: string | undefined, answer?: RunAnswer): Promise<Answer> {
  const asked = answer ? { method: 'POST' as const, body: JSON.stringify(answer) } : { dispatcher }
  try {
    const response = await request(`${agent}/runs/${traceId}${answer ? '/answer' : ''}`, {
      ...asked,
      headers: bearer(token),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    })
    // Whatever the other agents take.
    const toldAt = performance.now()
    const status = response.statusCode
    if (status === 404) {
      await response.body.dump()
      return { why: 'does not know it', status }
    }
    const body = Buffer.from(await response.body.arrayBuffer())
    const said = jsonIn(body)
    if (said && (status === 423 || status === 409)) {
      const { title, detail } = said as { title?: unknown; detail?: unknown }
      return { why: 'keeps it', status, title: String(title), detail: String(detail) }
    }
    const parsed = ledgerAnswerSchema.safeParse(said)
    if (parsed.success) return { ledger: parsed.data, body, begunAt: begunAt(parsed.data, toldAt) }
    return { why: `answered ${status} with something that is not a ledger of this version`, mayPass: status >= 500 }
  } catch (error) {
    const why = whyNoAnswer(error)
    return { why: `does not answer (${why})`, mayPass: mayAnswerLater.has(why) || isTimeout(error) }
  }
}

/** undefined for what is none: a proxy in between answers in a language of its own. */
function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** Why an agent would take no answer to a trace now; undefined where it would, or does not say. */
async function refusalOf(agent: string, traceId: string): Promise<Problem | undefined> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const { body } = await request(`${agent}/runs/${traceId}/status`, { dispatcher, signal })
    const { answered, state } = (await body.json()) as { answered?: boolean; state?: string }
    if (answered) return new Problem(409, 'Answered', 'This trace has been answered: the first answer counts')
    if (state === 'running')
      return new Problem(
        409,
        'Running',
        `A run of this trace goes on at ${agent}: it can be answered when it has ended`,
      )
  } catch {
    // Asked for more, it says why.
  }
  return undefined
}

/** No agent has a ledger of a trace: it says what each of them answered. */
export class NoLedger extends Problem {
  override name = 'NoLedger'
  /** Which of them did not say whether they know it, in words. */
  readonly silent: readonly string[]
  /** Whether one of those is there, and may say it later. */
  readonly mayPass: boolean

  constructor(traceId: string, why: string, silent: readonly string[], mayPass: boolean) {
    super(404, 'Unknown run', `There is no ledger for trace ${traceId}: ${why}`)
    this.silent = silent
    this.mayPass = mayPass
  }
}

/** The ledger of a trace, and which agents did not say whether they know it, in words: they may have a run of it. */
export interface AskedLedger extends LedgerAnswer {
  silent?: readonly string[]
  /** Those of them that have told of a run that was under way: what it did since then is not here. */
  brokenOff?: readonly string[]
}

/** When the first run of a trace began, by `performance.now()`, from what its ages were at `toldAt`. */
export const begunAt = ({ runs }: LedgerAnswer, toldAt: number): number =>
  toldAt - Math.max(...runs.map(({ age_ms }) => age_ms))

/** What the agents of a trace said of it. */
export interface Told {
  ledger: AskedLedger
  /** When its first run began, by `performance.now()`. */
  begunAt: number
  /** By the agents that have a ledger. */
  parts: ReadonlyMap<string, Part>
}

/** One ledger of what several agents have of a trace, one at least. */
export function merge(ledgers: readonly LedgerAnswer[]): LedgerAnswer {
  return {
    ...(ledgers[0] as LedgerAnswer),
    runs: ledgers.flatMap(({ runs }) => runs),
    senders: ledgers.flatMap(({ senders }) => senders),
  }
}

/**
 * Asks all agents for the ledger of a trace, and takes what one told `before` where it may answer later. Throws a 423
 * problem when one keeps it sealed, and NoLedger when none has one.
 */
export async function askAgents({ urls, token }: Agents, traceId: string, before?: Told): Promise<Told> {
  return toldBy(urls, traceId, await Promise.all(urls.map((agent) => ask(agent, traceId, token))), before)
}

/**
 * Hands all agents of a trace the answer to it, one after the other: the first decides whether it is the first answer. Throws
 * a 409 problem when it is not, or one of them cannot take it yet: before any has taken it; and otherwise as `askAgents`.
 */
export async function answerAgents({ urls, token }: Agents, traceId: string, answer: RunAnswer): Promise<Told> {
  const answers: Answer[] = []
  const refusals = await Promise.all(urls.map((agent) => refusalOf(agent, traceId)))
  const refusal = refusals.find((why) => why !== undefined)
  if (refusal) throw refusal
  for (const agent of urls) {
    const answered = await ask(agent, traceId, token, answer)
    if ('detail' in answered) throw new Problem(409, answered.title, answered.detail)
    answers.push(answered)
  }
  return toldBy(urls, traceId, answers)
}

function toldBy(agents: readonly string[], traceId: string, answers: readonly Answer[], before?: Told): Told {
  const sealed = answers.find((answer) => 'status' in answer && answer.status === 423)
  if (sealed && 'detail' in sealed) throw new Problem(423, 'Sealed', sealed.detail)
  const parts = new Map<string, Part>()
  const [silent, brokenOff]: [string[], string[]] = [[], []]
  for (const [place, answer] of answers.entries()) {
    const agent = agents[place] as string
    if ('ledger' in answer) parts.set(agent, answer)
    if ('ledger' in answer || answer.status === 404) continue
    const says = `${agent} ${answer.why}`
    silent.push(says)
    const last = 'mayPass' in answer && answer.mayPass ? before?.parts.get(agent) : undefined
    if (last) parts.set(agent, last)
    if (last?.ledger.runs.some(isRunning)) brokenOff.push(says)
  }
  if (parts.size > 0) {
    const told = [...parts.values()]
    const ledger = merge(told.map(({ ledger }) => ledger))
    return {
      ledger: { ...ledger, ...(silent.length > 0 && { silent }), ...(brokenOff.length > 0 && { brokenOff }) },
      begunAt: Math.min(...told.map(({ begunAt }) => begunAt)),
      parts,
    }
  }
  const said = answers.flatMap((answer, place) => ('why' in answer ? [`${agents[place]} ${answer.why}`] : []))
  const why =
    agents.length > 0
      ? `${said.join('; ')}. AGENT_URLS says where agents are.`
      : 'no agents are known here, and no file of ledgers has it'
  const mayPass = answers.some((answer) => 'mayPass' in answer && answer.mayPass)
  throw new NoLedger(traceId, why, silent, mayPass)
}
