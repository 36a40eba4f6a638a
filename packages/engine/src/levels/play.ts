import { handoffTool } from 'contract/handoff'
import type { LedgerStep } from 'contract/ledger'
import { succeeded, ToolFailure } from '../errors.ts'
import { converse } from '../operations/chat.ts'
import { handOver, transferOf } from '../operations/hand-over.ts'
import { scriptedStream } from '../operations/scripted-stream.ts'
import { scriptedCall } from '../operations/scripted-call.ts'
import { callIdOf } from '../operations/tool.ts'
import { reasoningOf } from '../profile/usage.ts'
import type { Step } from '../step.ts'
import { Beside } from './beside.ts'
import { isLeftBy, type Left, restOf } from './parts.ts'
import { attemptsOf, calledBy, stepsOf } from './schedule.ts'
import {
  type CallStep,
  type ChatStep,
  type HandOverStep,
  type Job,
  jobsOf,
  type Out,
  type Script,
  type ScriptStep,
  type StreamStep,
  valueOf,
  type WaitStep,
} from './script.ts'
import { nextTokenMs } from './token-time.ts'

/** What all of a run's steps are played with. */
interface Stage {
  out: Out
  beside: Beside
}

/**
 * Plays a script through the same operations as any run, and so through the same ports: over HTTP or in virtual time. What is
 * out does not happen. `hasBegun` hears when jobs begin, without which nothing in them strikes. Resolves to whether nothing was
 * lost: every call was answered, by a resend or by another tool.
 */
export async function playScript(workflow: Step, script: Script, out: Out, hasBegun: () => void): Promise<boolean> {
  const { lead, before, after } = script
  const stage: Stage = { out, beside: new Beside() }
  let isWhole = true
  await workflow.invokeAgent(lead.name, { facts: lead.facts }, async (agent) => {
    isWhole = (await playSteps(agent, before, stage)) === undefined && isWhole
    hasBegun()
    isWhole = (await playJobs(agent, script, stage)) && isWhole
    isWhole = (await playSteps(agent, after, stage)) === undefined && isWhole
  })
  return isWhole
}

/** Plays what another agent was handed, in a run of its own. Resolves to whether nothing was lost. */
export async function playPart(request: Step, { to, acceptMs, steps }: HandOverStep, out: Out): Promise<boolean> {
  await request.spend(valueOf(acceptMs, out))
  return request.invokeAgent(
    to,
    {},
    async (agent) => (await playSteps(agent, steps, { out, beside: new Beside() })) === undefined,
  )
}

/** Plays what was left to do when a person was asked, who has answered. Resolves to whether nothing was lost. */
export async function playRest(
  request: Step,
  { lead, wait, steps }: Left & Pick<Script, 'lead'>,
  out: Out,
): Promise<boolean> {
  return request.invokeAgent(lead.name, { facts: lead.facts }, async (agent) => {
    agent.resumed(wait.outcome)
    return (await playSteps(agent, steps, { out, beside: new Beside() })) === undefined
  })
}

/** Jobs in their lanes, those beside them as soon as what they begin with has begun. */
async function playJobs(lead: Step, script: Script, stage: Stage): Promise<boolean> {
  const jobs = jobsOf(script, stage.out)
  const { lanes } = script
  const begun = jobs.map(() => Promise.withResolvers<void>())
  const ended = jobs.map(() => Promise.withResolvers<void>())
  const records: (LedgerStep | undefined)[] = []
  /** When each ends if nothing but drawn times takes time, ms after the jobs begin. */
  const idealEnds = new Float64Array(jobs.length)
  let isWhole = true

  async function play(lane: Step, index: number, queuedMs?: number): Promise<void> {
    const job = jobs[index] as Job
    const needed = job.after ?? []
    try {
      await Promise.all(needed.flatMap((other) => ended[other]?.promise ?? []))
      lane.run.signal.throwIfAborted()
      lane.idealMs = Math.max(0, ...needed.map((other) => idealEnds[other] as number))
      begun[index]?.resolve()
      const dependsOn = needed.flatMap((other) => records[other] ?? [])
      const took = (record: LedgerStep) => (records[index] = record)
      isWhole = (await playJob(lane, job, { queuedMs, dependsOn, took }, stage)) && isWhole
      idealEnds[index] = lane.idealMs
    } finally {
      // Whoever waits for it hears of its end, whatever ended it.
      begun[index]?.resolve()
      ended[index]?.resolve()
    }
  }

  const inLanes = jobs.flatMap(({ beside }, index) => (beside === undefined ? [index] : []))
  const beside = jobs.flatMap(({ beside }, index) => (beside === undefined ? [] : [{ index, beside }]))
  await lead.together(
    (branch) =>
      branch.concurrently(inLanes.length, lanes ?? inLanes.length, (lane, order, queuedMs) =>
        play(lane, inLanes[order] as number, lanes !== undefined && lanes > 1 ? queuedMs : undefined),
      ),
    ...beside.map(({ index, beside }) => async (lane: Step) => {
      await begun[beside]?.promise
      await play(lane, index)
    }),
  )
  return isWhole
}

interface JobContext {
  /** How long it waited for its lane; where there is but one, nothing waits. */
  queuedMs: number | undefined
  dependsOn: readonly LedgerStep[]
  /** Hears of its agent's step. */
  took: (record: LedgerStep) => void
}

/** Whether all of a job was answered; its agent has failed where something was not. */
async function playJob(
  lane: Step,
  job: Job,
  { queuedMs, dependsOn, took }: JobContext,
  stage: Stage,
): Promise<boolean> {
  const { agent, steps, isOpen } = job
  const play = isOpen ? playOpen : playSteps
  if (!agent) return (await play(lane, steps, stage)) === undefined
  const { name, index, facts } = agent
  const queued = queuedMs !== undefined && { queued_ms: queuedMs }
  const options = { ...(index !== undefined && { index }), facts: { ...facts, ...queued }, dependsOn }
  return succeeded(
    lane.invokeAgent(name, options, async (worker) => {
      took(worker.record)
      const failure = await play(worker, steps, stage)
      if (failure) throw failure
    }),
  )
}

/** One step after another. Resolves to the first failure that no later step for the same made good. */
async function playSteps(agent: Step, steps: readonly ScriptStep[], stage: Stage): Promise<ToolFailure | undefined> {
  const lost = new Map<string, ToolFailure>()
  const { out } = stage
  const planned = stepsOf(steps, out)
  for (const [index, step] of planned.entries()) {
    await agent.spend(valueOf(step.gapMs, out))
    if (step.kind === 'wait' && isLeftBy(agent.run, step)) {
      await agent.awaitHuman({ ...feedbackOf(step, out), isLeft: true })
      agent.suspend({ delayS: valueOf(step.ms, out) / 1000, part: restOf(agent.key) })
      break
    }
    const failure = await playStep(agent, step, planned[index + 1], stage)
    const wanted = wantedBy(step)
    if (wanted === undefined) continue
    if (!failure) lost.delete(wanted)
    else if (!lost.has(wanted)) lost.set(wanted, failure)
  }
  return lost.values().next().value
}

/** Each step when it comes, whatever becomes of others. Resolves to the failure of the first that failed, in their order. */
async function playOpen(agent: Step, steps: readonly ScriptStep[], stage: Stage): Promise<ToolFailure | undefined> {
  const failures: (ToolFailure | undefined)[] = []
  await agent.concurrently(steps.length, steps.length, async (lane, index) => {
    failures[index] = await playSteps(lane, [steps[index] as ScriptStep], stage)
  })
  return failures.find((failure) => failure !== undefined)
}

async function playStep(
  agent: Step,
  step: ScriptStep,
  next: ScriptStep | undefined,
  stage: Stage,
): Promise<ToolFailure | undefined> {
  const { out } = stage
  switch (step.kind) {
    case 'call':
      return playCall(agent, step, stage)
    case 'chat': {
      const random = agent.run.random.fork(step.key)
      const delayMs = valueOf(step.ms, out)
      const [inputTokens, cachedTokens] = [valueOf(step.inputTokens, out), valueOf(step.cachedTokens, out)]
      const completion = {
        delayMs,
        inputTokens,
        cachedTokens,
        cacheWriteTokens: inputTokens - cachedTokens,
        outputTokens: step.outputTokens,
        reasoningTokens: reasoningOf(random.fork('reasoning'), step.outputTokens),
        responseId: `resp_${random.identifier('response', 24)}`,
      }
      const toolCall = step.asksForTool ? callBy(agent, next) : undefined
      const asked = {
        random,
        injected: { drawn_ms: delayMs },
        toolCall,
        ...limitsOf(step),
        told: step.told,
        model: step.model,
      }
      await stage.beside.during(calledBy(step), () => converse(agent, step.key, completion, asked))
      return undefined
    }
    case 'chunk':
      return failureOf(
        agent.processChunk({
          index: indexOf(step),
          bytes: step.bytes,
          ms: valueOf(step.ms, out),
          source: step.source,
          document: step.document,
          fails: step.fails,
          ...(step.isCached ? { cached: true } : { outputTokens: step.outputTokens }),
        }),
      )
    case 'wait':
      await agent.awaitHuman(feedbackOf(step, out))
      return undefined
    case 'stream':
      await playStream(agent, step, stage)
      return undefined
    case 'hand_over':
      return playHandOver(agent, step, stage)
  }
}

/** What a model asks for that is asked for what comes next. */
function callBy(agent: Step, next: ScriptStep | undefined) {
  if (next?.kind === 'call')
    return { id: callIdOf(agent.run, next.key), tool: next.tool, asked: { text: next.arguments } }
  if (next?.kind !== 'hand_over') return undefined
  const { callId, given } = transferOf(agent, { ...next, index: indexOf(next) })
  return { id: callId, tool: handoffTool, asked: { text: JSON.stringify(given) } }
}

const feedbackOf = (step: WaitStep, out: Out) => ({
  index: indexOf(step),
  delayS: valueOf(step.ms, out) / 1000,
  outcome: step.outcome,
  about: { tool: step.tool, arguments: step.arguments },
})

/** What a call of the model is held to, and whether it ended by that. */
function limitsOf({ maxTokens, window, outputTokens }: ChatStep) {
  const isCut = maxTokens !== undefined && outputTokens >= maxTokens
  return { maxTokens, window, ...(isCut && { finishReason: 'length' as const }) }
}

/** What a step is for: the id in a call's arguments, which a request keeps that was mended, or the document of a chunk. */
function wantedBy(step: ScriptStep): string | undefined {
  if (step.kind === 'chunk') return step.document
  if (step.kind === 'hand_over') return step.key
  if (step.kind === 'call' && step.isRefusalAnAnswer) return undefined
  return step.kind === 'call' ? (JSON.parse(step.arguments) as { id: string }).id : undefined
}

/** Which of several of its kind a step of an agent is. */
const indexOf = ({ key }: ScriptStep) => Number(key.slice(key.lastIndexOf('/') + 1))

/** The failure that the agent hears of, if it is one. */
async function failureOf(work: Promise<unknown>): Promise<ToolFailure | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof ToolFailure) return error
    throw error
  }
}

async function playHandOver(agent: Step, step: HandOverStep, { out }: Stage): Promise<ToolFailure | undefined> {
  let isDone = false
  const isSevered = step.severedBy !== undefined && !out.has(step.severedBy)
  const handed = handOver(agent, { ...step, index: indexOf(step), isSevered })
  const failure = await failureOf(handed.then((ok) => (isDone = ok)))
  return failure ?? (isDone ? undefined : new ToolFailure('_OTHER', `${step.to} did not reach its goal`))
}

function playStream(agent: Step, step: StreamStep, { out, beside }: Stage): Promise<void> {
  const { key, model, inputTokens } = step
  return scriptedStream(agent, {
    key,
    model,
    inputTokens,
    nextMs: (tokens) => nextTokenMs(step, tokens, (of) => beside.count(of), out),
    listen: (mark) => beside.listen(mark),
  })
}

function playCall(agent: Step, step: CallStep, { out, beside }: Stage): Promise<ToolFailure | undefined> {
  const attempts = attemptsOf(step, out).map(({ attempt, waitMs }) => ({
    waitMs,
    delayMs: valueOf(attempt.ms, out),
    status: attempt.status,
    retryAfterS: attempt.retryAfterS,
    bytes: attempt.bytes,
    injected: attempt.injected,
    result: attempt.result,
    isStrict: attempt.isStrict,
  }))
  const call = { ...step, attempts }
  return beside.during(calledBy(step), () => failureOf(scriptedCall(agent, call)))
}
