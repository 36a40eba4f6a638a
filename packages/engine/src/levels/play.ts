import type { LedgerStep } from 'contract/ledger'
import { succeeded, ToolFailure } from '../errors.ts'
import { converse } from '../operations/chat.ts'
import { scriptedCall } from '../operations/scripted-call.ts'
import { callIdOf } from '../operations/tool.ts'
import type { Step } from '../step.ts'
import { attemptsOf, stepsOf } from './schedule.ts'
import { type CallStep, type Job, type Out, type Script, type ScriptStep, valueOf } from './script.ts'

/**
 * Plays a script through the same operations as any run, and so through the same ports: over HTTP or in virtual time. What is
 * out does not happen. Resolves to whether nothing was lost: every call was answered, by a resend or by another tool.
 */
export async function playScript(workflow: Step, script: Script, out: Out): Promise<boolean> {
  const { lead, before, after } = script
  let isWhole = true
  await workflow.invokeAgent(lead.name, { facts: lead.facts }, async (agent) => {
    isWhole = (await playSteps(agent, before, out)) === undefined && isWhole
    isWhole = (await playJobs(agent, script, out)) && isWhole
    isWhole = (await playSteps(agent, after, out)) === undefined && isWhole
  })
  return isWhole
}

/** Jobs in their lanes, those beside them as soon as what they begin with has begun. */
async function playJobs(lead: Step, { jobs, lanes }: Script, out: Out): Promise<boolean> {
  const begun = jobs.map(() => Promise.withResolvers<void>())
  const ended = jobs.map(() => Promise.withResolvers<void>())
  const records: (LedgerStep | undefined)[] = []
  /** When each ends if nothing but drawn times takes time, ms after the jobs begin. */
  const idealEnds = new Float64Array(jobs.length)
  let isWhole = true

  async function play(lane: Step, index: number, queuedMs: number): Promise<void> {
    const job = jobs[index] as Job
    const needed = job.after ?? []
    try {
      await Promise.all(needed.flatMap((other) => ended[other]?.promise ?? []))
      lane.run.signal.throwIfAborted()
      lane.idealMs = Math.max(0, ...needed.map((other) => idealEnds[other] as number))
      begun[index]?.resolve()
      const dependsOn = needed.flatMap((other) => records[other] ?? [])
      const took = (record: LedgerStep) => (records[index] = record)
      isWhole = (await playJob(lane, job, { queuedMs, dependsOn, took }, out)) && isWhole
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
        play(lane, inLanes[order] as number, queuedMs),
      ),
    ...beside.map(({ index, beside }) => async (lane: Step) => {
      await begun[beside]?.promise
      await play(lane, index, 0)
    }),
  )
  return isWhole
}

interface JobContext {
  queuedMs: number
  dependsOn: readonly LedgerStep[]
  /** Hears of its agent's step. */
  took: (record: LedgerStep) => void
}

/** Whether all of a job was answered; its agent has failed where something was not. */
async function playJob(lane: Step, job: Job, { queuedMs, dependsOn, took }: JobContext, out: Out): Promise<boolean> {
  const { agent, steps } = job
  if (!agent) return (await playSteps(lane, steps, out)) === undefined
  const { name, index } = agent
  const facts = { worker_index: index, queued_ms: queuedMs }
  return succeeded(
    lane.invokeAgent(name, { index, facts, dependsOn }, async (worker) => {
      took(worker.record)
      const failure = await playSteps(worker, steps, out)
      if (failure) throw failure
    }),
  )
}

/** One step after another. Resolves to the first failure of a call that no later one with the same arguments made good. */
async function playSteps(agent: Step, steps: readonly ScriptStep[], out: Out): Promise<ToolFailure | undefined> {
  const lost = new Map<string, ToolFailure>()
  const planned = stepsOf(steps, out)
  for (const [index, step] of planned.entries()) {
    await agent.spend(valueOf(step.gapMs, out))
    const failure = await playStep(agent, step, planned[index + 1], out)
    if (step.kind !== 'call') continue
    if (!failure) lost.delete(step.arguments)
    else if (!lost.has(step.arguments)) lost.set(step.arguments, failure)
  }
  return lost.values().next().value
}

async function playStep(
  agent: Step,
  step: ScriptStep,
  next: ScriptStep | undefined,
  out: Out,
): Promise<ToolFailure | undefined> {
  switch (step.kind) {
    case 'call':
      return playCall(agent, step, out)
    case 'chat': {
      const random = agent.run.random.fork(step.key)
      const delayMs = valueOf(step.ms, out)
      const completion = {
        delayMs,
        inputTokens: step.inputTokens,
        cachedTokens: valueOf(step.cachedTokens, out),
        outputTokens: step.outputTokens,
        responseId: `resp_${random.identifier('response', 24)}`,
      }
      const toolCall =
        step.asksForTool && next?.kind === 'call' ? { id: callIdFor(agent, next), tool: next.tool } : undefined
      await converse(agent, step.key, completion, { random, injected: { drawn_ms: delayMs }, toolCall })
      return undefined
    }
    case 'chunk':
      await agent.processChunk({
        index: Number(step.key.slice(step.key.lastIndexOf('/') + 1)),
        bytes: step.bytes,
        ms: valueOf(step.ms, out),
        source: step.source,
        document: step.document,
        ...(step.isCached ? { cached: true } : { outputTokens: step.outputTokens }),
      })
      return undefined
    case 'wait':
      await agent.awaitHuman({ delayS: valueOf(step.ms, out) / 1000, outcome: step.outcome })
      return undefined
  }
}

/** The id of a call, whoever asks for it. */
const callIdFor = (agent: Step, { key }: CallStep) => callIdOf(agent.run.random, `${key}/id`)

async function playCall(agent: Step, step: CallStep, out: Out): Promise<ToolFailure | undefined> {
  const attempts = attemptsOf(step, out).map(({ attempt, waitMs }) => ({
    waitMs,
    delayMs: valueOf(attempt.ms, out),
    status: attempt.status,
    retryAfterS: attempt.retryAfterS,
    bytes: attempt.bytes,
  }))
  try {
    await scriptedCall(agent, { ...step, callId: callIdFor(agent, step), attempts })
    return undefined
  } catch (error) {
    if (error instanceof ToolFailure) return error
    throw error
  }
}
