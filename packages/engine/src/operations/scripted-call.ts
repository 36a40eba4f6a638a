import type { FactsOf } from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import { ToolFailure } from '../errors.ts'
import { provider } from '../model.ts'
import type { Opening, OpenStep } from '../open-step.ts'
import type { Answer } from '../ports.ts'
import { makeAttempt, waitBefore } from './attempt.ts'
import { callIdOf, documentsJson } from './tool.ts'

/** An attempt of which everything is decided. */
export interface DecidedAttempt {
  /** How long it is waited for after the one before it, ms. */
  waitMs: number
  /** How long the tool takes, ms. */
  delayMs: number
  /** 200, or with what it refuses. */
  status: number
  retryAfterS?: number | undefined
  bytes: number
  /** What the ledger says of it; how long the tool takes unless given. */
  injected?: LedgerStep['injected'] | undefined
  /** What it answers, where that is not what the call answers. */
  result?: string | undefined
  /** The tool knows by itself that it cannot be asked so, and refuses it at once. */
  isStrict?: boolean | undefined
}

export interface ScriptedCall {
  key: string
  tool: string
  arguments: string
  result: string
  /** It fetches so many documents. */
  documents?: number | undefined
  attempts: readonly DecidedAttempt[]
  /** What its run was asked for, where it was asked for anything. */
  asked?: Pick<FactsOf<'execute_tool'>, 'delay_ms' | 'error_rate' | 'max_retries'> | undefined
  /** Whether arguments and result are on its span: unless this says otherwise. */
  capture?: boolean | undefined
}

/** One logical tool call whose attempts are decided beforehand. Rejects with ToolFailure when the last of them is refused. */
export function scriptedCall(
  agent: OpenStep,
  { key, tool, attempts, documents, asked, capture = true, ...said }: ScriptedCall,
): Promise<Answer> {
  const { run } = agent
  const facts: Opening['facts'] =
    documents === undefined
      ? {
          // No description: a made-up tool would be the only one without any.
          operation: 'execute_tool',
          tool,
          call_id: callIdOf(run, key),
          ...asked,
        }
      : { operation: 'retrieval', provider, source: tool }
  return agent.open({ key, facts }, async (call) => {
    const isTold = documents === undefined && capture
    if (isTold) call.learn<'execute_tool'>({ arguments: said.arguments })
    let failure = new ToolFailure('_OTHER', `${tool} was not asked`)
    for (const [index, attempt] of attempts.entries()) {
      await run.pause?.(1)
      if (index > 0) await waitBefore(call, index, attempt.waitMs, failure)
      try {
        const answer = await play(call, tool, index, { ...attempt, given: said.arguments })
        if (isTold) call.learn<'execute_tool'>({ result: attempt.result ?? said.result })
        if (documents !== undefined) call.learn<'retrieval'>({ documents: documentsJson(call.random, documents) })
        return answer
      } catch (error) {
        if (!(error instanceof ToolFailure)) throw error
        failure = error
      } finally {
        await run.pause?.(1)
      }
    }
    throw failure
  })
}

function play(
  call: OpenStep,
  tool: string,
  index: number,
  {
    delayMs,
    status,
    retryAfterS,
    bytes,
    injected = { drawn_ms: delayMs },
    isStrict,
    given,
  }: DecidedAttempt & { given: string },
): Promise<Answer> {
  const fails = status !== 200
  const refusal = fails ? { status, retryAfterS } : {}
  const asked = isStrict && { asked: { text: given, isDrawn: false } }
  const behavior = { tool, delayMs, errorRate: fails ? 1 : 0, fails, payloadKb: bytes / 1024, ...refusal, ...asked }
  return makeAttempt(call, index, behavior, injected)
}
