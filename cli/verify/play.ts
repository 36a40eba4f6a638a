import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { explain, get, getJson, ServiceError } from '../http.ts'
import { UsageError } from '../command.ts'

const catalogSchema = z.object({
  scenarios: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      parameters: z.object({ properties: z.record(z.string(), z.unknown()) }),
    }),
  ),
})

/** What is asked for where nobody says otherwise: everything's own defaults, but no stream of twenty seconds. */
const shorter: Readonly<Record<string, string>> = { duration_s: '2' }

/** A run to be made. */
export interface Play {
  scenario: string
  path: string
}

/** What the agent offers of `asked` (names, or names with a query), or all of it. Throws a UsageError for what it has not. */
export async function readPlays(agent: string, asked: readonly string[]): Promise<Play[]> {
  const parsed = catalogSchema.safeParse(await getJson('agent-app', `${agent}/scenarios`))
  if (!parsed.success) throw new ServiceError(`What answers at ${agent} is not an agent-app`)
  const { scenarios } = parsed.data
  const names = asked.length > 0 ? asked : scenarios.map(({ name }) => name)
  return names.map((text) => {
    const [name = '', query = ''] = text.split('?', 2)
    const offer = scenarios.find((candidate) => candidate.name === name)
    if (!offer)
      throw new UsageError(`--scenario ${name}: expected one of ${scenarios.map((known) => known.name).join(', ')}`)
    const params = new URLSearchParams(query)
    // From level 2 on a run draws how long it takes.
    const defaults = Number(params.get('level') ?? 1) > 1 ? {} : shorter
    for (const [param, value] of Object.entries(defaults)) {
      if (Object.hasOwn(offer.parameters.properties, param) && !params.has(param)) params.set(param, value)
    }
    return { scenario: name, path: withQuery(offer.path, params) }
  })
}

function withQuery(path: string, params: URLSearchParams): string {
  return params.size > 0 ? `${path}${path.includes('?') ? '&' : '?'}${params.toString()}` : path
}

const sessionSchema = z.object({ trace_ids: z.array(z.string()), resumes_after_s: z.number().nullable() })
/** Of a run that is in several traces: which they are by now, and when it goes on in one more. */
export type Session = z.infer<typeof sessionSchema>

/**
 * Makes a run, and resolves to its trace id when it has been answered, and to its session where it has one: a run that could not
 * come to its end has left spans too. Throws a ServiceError when there was none.
 */
export async function play(agent: string, { path }: Play): Promise<{ traceId: string; session: Session | undefined }> {
  const answer = await get('agent-app', `${agent}${path}`)
  const traceId = answer.headers['x-trace-id']
  if (typeof traceId !== 'string') throw new ServiceError(`agent-app answered ${explain(answer)}`)
  return { traceId, session: sessionIn(answer.body) }
}

function sessionIn(body: string): Session | undefined {
  // What streams is no JSON, and no session.
  if (!body.startsWith('{')) return undefined
  return sessionSchema.safeParse((JSON.parse(body) as { session?: unknown }).session).data
}

const statusSchema = z.object({ runs: z.array(z.object({ resumed_in: z.string().nullish() })) })

/** Between two looks at whether a run has gone on, ms. */
const pauseMs = 200

/**
 * The trace in which a run goes on, once it has; undefined where it has not before `deadline`, by `performance.now()`, and null
 * where nobody who answers there knows the run: of several replicas one does.
 */
export async function resumedIn(agent: string, traceId: string, deadline: number): Promise<string | undefined | null> {
  let isKnown = false
  for (;;) {
    const answer = await get('agent-app', `${agent}/runs/${traceId}/status`)
    const status = statusSchema.safeParse(answer.status === 200 ? JSON.parse(answer.body) : undefined)
    isKnown ||= status.success
    const found = status.data?.runs.find(({ resumed_in }) => typeof resumed_in === 'string')?.resumed_in
    if (found) return found
    if (performance.now() >= deadline) return isKnown ? undefined : null
    await sleep(pauseMs)
  }
}
