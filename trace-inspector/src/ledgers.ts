import { type LedgerAnswer, ledgerAnswerSchema } from 'contract/ledger'
import { Problem } from 'service-kit/problem'
import { Agent, interceptors, request } from 'undici'

/** What an agent said of a trace: its ledger, or why there is none. */
type Answer = { ledger: LedgerAnswer; body: Buffer } | { why: string; isUnknown: boolean }

/** How long an agent may take to answer; a ledger of 40,000 steps takes about a second, ms. */
const timeoutMs = 30_000

/** A replica that is gone takes no connection, and says so to nobody, ms. */
const connectMs = 3000

/** A connection that was kept may just be being closed: that says nothing of the agent. */
const dispatcher = new Agent({ connect: { timeout: connectMs } }).compose(
  interceptors.retry({
    maxRetries: 2,
    minTimeout: 50,
    errorCodes: ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'],
    statusCodes: [],
  }),
)

async function ask(agent: string, traceId: string): Promise<Answer> {
  try {
    const response = await request(`${agent}/runs/${traceId}`, {
      dispatcher,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.statusCode === 404) {
      await response.body.dump()
      return { why: 'does not know it', isUnknown: true }
    }
    const body = Buffer.from(await response.body.arrayBuffer())
    const parsed = ledgerAnswerSchema.safeParse(JSON.parse(body.toString()))
    if (parsed.success) return { ledger: parsed.data, body }
    const why = `answered ${response.statusCode} with something that is not a ledger of this version`
    return { why, isUnknown: false }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { why: `does not answer (${code ?? message})`, isUnknown: false }
  }
}

/** No agent has a ledger of a trace: it says what each of them answered. */
export class NoLedger extends Problem {
  override name = 'NoLedger'

  constructor(traceId: string, why: string) {
    super(404, 'Unknown run', `There is no ledger for trace ${traceId}: ${why}`)
  }
}

/** What the agents of a trace said of it. */
export interface Told {
  ledger: LedgerAnswer
  /** As it was sent, by each that has a ledger. */
  bodies: readonly Buffer[]
  /** Whether each of the others said that it does not know the trace. */
  isWhole: boolean
}

/** The ledger of a trace, put together from all agents that took part in it. Throws as `askAgents`. */
export async function fetchLedger(agents: readonly string[], traceId: string): Promise<LedgerAnswer> {
  return (await askAgents(agents, traceId)).ledger
}

/** One ledger of what several agents have of a trace, one at least. */
export function merge(ledgers: readonly LedgerAnswer[]): LedgerAnswer {
  return {
    ...(ledgers[0] as LedgerAnswer),
    runs: ledgers.flatMap(({ runs }) => runs),
    senders: ledgers.flatMap(({ senders }) => senders),
  }
}

/** Asks all agents for the ledger of a trace. Throws NoLedger when none has one. */
export async function askAgents(agents: readonly string[], traceId: string): Promise<Told> {
  const answers = await Promise.all(agents.map((agent) => ask(agent, traceId)))
  const told = answers.flatMap((answer) => ('ledger' in answer ? [answer] : []))
  if (told.length > 0)
    return {
      ledger: merge(told.map(({ ledger }) => ledger)),
      bodies: told.map(({ body }) => body),
      isWhole: answers.every((answer) => 'ledger' in answer || answer.isUnknown),
    }
  const said = answers.map((answer, index) => `${agents[index]} ${'why' in answer ? answer.why : ''}`)
  const why =
    agents.length > 0
      ? `${said.join('; ')}. AGENT_URLS says where agents are.`
      : 'no agents are known here, and no file of ledgers has it'
  throw new NoLedger(traceId, why)
}
