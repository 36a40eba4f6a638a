import { context } from '@opentelemetry/api'
import type { Request, Response } from 'express'
import { parseQuirks } from 'contract/quirks'
import { badQuery, clashingQuery, Problem } from 'service-kit/problem'
import { refuseLeft } from 'service-kit/app'
import type { Lifecycle } from 'service-kit/serve'
import { failureOf } from 'service-kit/traced'
import { type Admission, costOf } from './admission.ts'
import type { Asked } from './asked.ts'
import type { Catalog, Offer } from 'engine/catalog'
import type { Dialect } from 'dialects/dialect'
import { RunCancelled, ToolServiceUnreachable, UnknownPart } from 'engine/errors'
import type { Pause, Ports, Tools } from 'engine/ports'
import type { Keys } from './keys/keys.ts'
import { originOf, PeerClient } from './peer-client.ts'
import type { RunOutput } from './output.ts'
import { recordRun, type SpanWriter } from './recorder.ts'
import type { WallClock } from 'service-kit/clock'
import type { SpanCounters } from 'service-kit/telemetry/processor'
import { type Agent, Run } from 'engine/run'
import type { Resumptions } from './resumptions.ts'
import type { RunStore } from './runs.ts'
import type { Seals } from './seals.ts'

/** What every run of this process shares. */
export interface RunDeps extends Agent, SpanWriter {
  clock: WallClock
  tools: Tools
  pause: Pause
  /** How spans of blind runs are written, and what those draw with beside their seed. */
  blindDialect: Dialect
  secret: string
  spanCounters: () => SpanCounters
}

export interface PlayDeps extends RunDeps {
  catalog: Catalog
  admission: Admission
  /** Of parts that are waited for: each has a run behind it that has a place, and would else wait for its own. */
  handedOver: Admission
  resumptions: Resumptions
  runs: RunStore
  /** Hears of each run that is over: played, and answered. */
  closed: (run: Run) => void
  /** Counts a run by what came of it. */
  count: (labels: { scenario: string; outcome: string }) => void
  keys: Keys
  seals: Seals
  lifecycle: Lifecycle
  /** The agent that is handed over to; this one where none is set. */
  peerBase: string | undefined
  /** 0 is for ever. */
  runTimeoutMs: number
  /** A line for each run. */
  log: (line: string) => void
}

/**
 * Plays a run for one request, from its query to its end. What can be refused is refused first, by throwing a Problem,
 * before anything has happened; from `output.start` on everything is told by `output`.
 */
export async function play(
  deps: PlayDeps,
  offer: Offer,
  { query, isBlind, part }: Asked,
  { req, res, output }: { req: Request; res: Response; output: RunOutput },
): Promise<void> {
  const parsed = deps.catalog.parse(offer, query)
  if ('faults' in parsed) {
    const { faults, clash } = parsed
    throw (clash ? clashingQuery : badQuery)(faults, { scenario: offer.scenario.name })
  }
  const isWaitedFor = part !== undefined && !part.resumes
  const { stopping, aborting } = deps.lifecycle
  // A part that is waited for is of a run that is under way already, and may end like it.
  if ((isWaitedFor ? aborting : stopping).aborted) throw stoppingProblem()
  // While its body was read.
  refuseLeft(req, res)
  const { scenario } = offer
  const plan = scenario.plan(parsed.params, part !== undefined)
  if (plan.isLeft && !part) deps.resumptions.refuseBeyond()
  const dialect = (isBlind ? deps.blindDialect : deps.dialect).withQuirks(parseQuirks(parsed.params.quirks))
  const recorder = recordRun({ ...deps, dialect }, context.active(), req.headers)
  if (isBlind) deps.seals.refuseAnswered(deps.runs.find(recorder.traceId))
  const own = originOf(req.socket)
  const ports: Ports = {
    clock: deps.clock.anchored(),
    tools: deps.tools,
    peers: new PeerClient(deps.peerBase ?? own),
    recorder,
    pause: deps.pause,
    emit: output.write && ((event) => output.write?.(event, run.signal)),
  }
  const route = part ? scenario.path : (req.route as { path: string }).path
  // The seed of a part is the keyed one already.
  const secret = isBlind && !part ? deps.secret : undefined
  const run: Run = new Run(ports, deps, { route, scenario, params: parsed.params, secret, isBlind, part })
  // From here on nothing throws but what gives the place back.
  const release = (isWaitedFor ? deps.handedOver : deps.admission).admit(costOf(plan.demand))
  const droppedBefore = deps.spanCounters().dropped
  deps.runs.add(run)
  const untie = cancelWith(run, deps, output.outlivesRequest ? undefined : res)
  // The request's own span ends with its response, and so does what the ledger says of it.
  const answered = new Promise<void>((resolve) => {
    res.once('close', () => {
      run.answered(failureOf(res))
      resolve()
    })
  })
  res.setHeader('x-trace-id', run.traceId)
  output.start(run)

  const startedAt = deps.clock.now()
  const log = (outcome: string) => {
    const ms = Math.round(deps.clock.now() - startedAt)
    const which = run.isBlind ? `trace=${run.traceId}` : `trace=${run.traceId} seed=${run.seed}`
    deps.log(`${run.isBlind ? 'blind run' : offer.scenario.name} ${outcome} ${ms} ms ${which}`)
    // It counts where it was asked for.
    if (part) return
    deps.count({ scenario: run.isBlind ? 'blind' : offer.scenario.name, outcome })
  }
  try {
    const result = await run.execute()
    log(result.ok ? 'ok' : 'failed')
    if (run.isBlind) return output.end({ trace_id: run.traceId, ok: result.ok, key_sha256: 'pending' })
    await deps.keys.answer(run)
    const { dropped, ...counters } = deps.spanCounters()
    const { sampled } = recorder
    output.end({
      ...result,
      key: run.key,
      telemetry: { sampled, dropped_during_run: dropped - droppedBefore, dropped, ...counters },
    })
  } catch (error) {
    const problem = problemOf(error, run)
    log(problem.title.toLowerCase())
    if (!res.destroyed || output.outlivesRequest) output.fail(problem)
  } finally {
    untie()
    release()
    await answered
    // The request's span has ended: what a key takes would tell there whether there are faults.
    if (run.isBlind && run.ok !== null) await deps.keys.answer(run)
    run.close()
    deps.closed(run)
    deps.resumptions.add(run, own)
  }
}

/** Ties a run to its reasons to go on, among which may be a response; returns how to untie it. */
function cancelWith(run: Run, { lifecycle, runTimeoutMs }: PlayDeps, res: Response | undefined): () => void {
  const cancel = (reason: RunCancelled['reason'], message: string) => () =>
    run.cancel(new RunCancelled(reason, message))
  const left = cancel('client_left', 'The client left')
  const stopped = cancel('stopping', 'This process is stopping')
  const timedOut = cancel('run_timeout', `The run took longer than ${runTimeoutMs} ms`)
  res?.once('close', left)
  lifecycle.aborting.addEventListener('abort', stopped)
  const timer = runTimeoutMs > 0 ? setTimeout(timedOut, runTimeoutMs) : undefined
  return () => {
    clearTimeout(timer)
    res?.off('close', left)
    lifecycle.aborting.removeEventListener('abort', stopped)
  }
}

function stoppingProblem(members: Record<string, unknown> = {}): Problem {
  return new Problem(503, 'Stopping', 'This process is stopping', { members, headers: { 'Retry-After': '5' } })
}

/** What a run that could not come to its end is to its caller. */
function problemOf(error: unknown, run: Run): Problem {
  const members = { trace_id: run.traceId, ...(!run.isBlind && { seed: run.seed, replay: run.replay }) }
  if (error instanceof ToolServiceUnreachable)
    return new Problem(502, 'Tool-service unreachable', error.message, { members })
  if (error instanceof UnknownPart) return new Problem(404, 'Unknown part', error.message, { members })
  if (!(error instanceof RunCancelled)) {
    // A stack names files, and so the scenario.
    if (run.isBlind) console.error(`The blind run ${run.traceId} failed: ${(error as Error).name}`)
    else console.error(`${run.scenario.name} failed:`, error)
    return new Problem(500, 'Internal error', 'This should not have happened; the log says more', { members })
  }
  switch (error.reason) {
    case 'run_timeout':
      return new Problem(504, 'Run timed out', error.message, { members })
    case 'stopping':
      return stoppingProblem(members)
    default:
      return new Problem(499, 'Cancelled', error.message, { members })
  }
}
