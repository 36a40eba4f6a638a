import { signal } from '@preact/signals'
import { agentPath, type Scenario } from './agents.ts'
import { ApiProblem, type Fault, getJson, messageOf, problemIn } from './api.ts'
import { readEvents } from './events.ts'

/** What is known of a run while it is under way. */
export interface Progress {
  scenario: string
  startedAt: number
  traceId: string
  /** Steps that it has begun. */
  steps: number
  tokens: string[]
  tools: { index: number; tool: string; ok: boolean; duration_ms: number }[]
}

export interface RunResult {
  ok: boolean
  trace_id: string
  /** A blind run keeps these to itself. */
  seed?: string
  params?: Record<string, string | number | boolean>
}

export const progress = signal<Progress | null>(null)
export const runProblem = signal('')
export const faults = signal<readonly Fault[]>([])

/** What stands in it is on no span. */
const runParametersHeader = 'x-run-parameters'
const mostTokens = 400
const lookMs = 500
let current: AbortController | undefined

export function cancelRun(): void {
  current?.abort()
}

/**
 * Plays a scenario and shows that it is alive; one that `isBlind` says nothing of itself, on its spans neither. Resolves to
 * undefined when it was refused or cancelled: `runProblem` says why.
 */
export async function playRun(
  agent: string,
  scenario: Scenario,
  params: Readonly<Record<string, string>>,
  isBlind = false,
): Promise<RunResult | undefined> {
  cancelRun()
  const control = (current = new AbortController())
  // A seed of our own tells this run from others while it is under way.
  const seed = params.seed || hex(8)
  const query = new URLSearchParams(Object.entries({ ...params, seed }).filter(([, value]) => value !== ''))
  // A path has the scenario as its query, or is its own: of a blind run all of that stands elsewhere.
  const [path = '', named] = scenario.path.replace(/^\//, '').split('?')
  const asked = [...(named ? [named] : []), query.toString()].join('&')
  const url = agentPath(agent, isBlind ? path : `${path}?${asked}`)
  const headers: Record<string, string> = isBlind ? { [runParametersHeader]: `blind=true&${asked}` } : {}
  runProblem.value = ''
  faults.value = []
  progress.value = { scenario: scenario.name, startedAt: Date.now(), traceId: '', steps: 0, tokens: [], tools: [] }
  const looking = setInterval(() => void look(agent, seed, control.signal), lookMs)
  try {
    return scenario.path === '/stream'
      ? await playStream(url, headers, control.signal)
      : await getJson<RunResult>(url, { headers, signal: control.signal })
  } catch (error) {
    if (error instanceof ApiProblem) faults.value = error.faults
    runProblem.value = control.signal.aborted ? 'Cancelled' : messageOf(error)
    return undefined
  } finally {
    clearInterval(looking)
    if (current === control) progress.value = null
  }
}

function update(change: Partial<Progress>): void {
  if (progress.value) progress.value = { ...progress.value, ...change }
}

/** How far the run is, as its agent lists it. */
async function look(agent: string, seed: string, signal: AbortSignal): Promise<void> {
  try {
    const { runs } = await getJson<{ runs: { seed: string; trace_id: string; steps: number; state: string }[] }>(
      agentPath(agent, 'runs'),
      { signal },
    )
    const run = runs.find((each) => each.seed === seed && each.state === 'running')
    if (run) update({ traceId: run.trace_id, steps: run.steps })
  } catch {
    // The run itself will say what is wrong.
  }
}

async function playStream(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<RunResult> {
  const response = await fetch(url, { headers: { ...headers, Accept: 'text/event-stream' }, signal })
  if (!response.ok || !response.body) throw await problemIn(response)
  update({ traceId: response.headers.get('x-trace-id') ?? '' })
  for await (const { event, data } of readEvents(response.body)) {
    const now = progress.value
    if (event === 'result') return data as RunResult
    if (event === 'error') throw new ApiProblem(500, (data as { detail: string }).detail)
    if (!now) continue
    if (event === 'token') update({ tokens: [...now.tokens, (data as { text: string }).text].slice(-mostTokens) })
    if (event === 'tool') update({ tools: [...now.tools, data as Progress['tools'][number]] })
  }
  throw new ApiProblem(0, 'The stream ended without a result')
}

export function hex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
}
