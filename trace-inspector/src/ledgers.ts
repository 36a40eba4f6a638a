import { type LedgerAnswer, ledgerAnswerSchema } from 'contract/ledger'
import { Problem } from 'service-kit/problem'
import { Agent, interceptors, request } from 'undici'

/** What an agent said of a trace: its ledger, or why there is none. */
type Answer = { ledger: LedgerAnswer } | { why: string }

/** How long an agent may take to answer; a ledger of 40,000 steps takes about a second, ms. */
const timeoutMs = 30_000

/** A connection that was kept may just be being closed: that says nothing of the agent. */
const dispatcher = new Agent().compose(
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
      return { why: 'does not know it' }
    }
    const body: unknown = await response.body.json()
    const parsed = ledgerAnswerSchema.safeParse(body)
    if (parsed.success) return { ledger: parsed.data }
    return { why: `answered ${response.statusCode} with something that is not a ledger of this version` }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { why: `does not answer (${code ?? message})` }
  }
}

/**
 * The ledger of a trace, put together from all agents that took part in it. Throws a 404 problem that says what each of
 * them answered when none did.
 */
export async function fetchLedger(agents: readonly string[], traceId: string): Promise<LedgerAnswer> {
  const answers = await Promise.all(agents.map((agent) => ask(agent, traceId)))
  const ledgers = answers.flatMap((answer) => ('ledger' in answer ? [answer.ledger] : []))
  const [first] = ledgers
  if (first)
    return {
      ...first,
      runs: ledgers.flatMap(({ runs }) => runs),
      senders: ledgers.flatMap(({ senders }) => senders),
    }
  const said = answers.map((answer, index) => `${agents[index]} ${'why' in answer ? answer.why : ''}`)
  throw new Problem(
    404,
    'Unknown run',
    agents.length > 0
      ? `There is no ledger for trace ${traceId}: ${said.join('; ')}. AGENT_URLS says where agents are.`
      : `There is no ledger for trace ${traceId}: no agents are known here, and no file of ledgers has it`,
  )
}
