import type { Step } from '../step.ts'
import { handOversOf, type Script, type ScriptStep, type WaitStep } from './script.ts'

/** Whether a run ends here for now; played again to be judged, it goes on by itself. */
export const isLeftBy = ({ suspends }: Pick<Step['run'], 'suspends'>, { isLeft }: WaitStep) =>
  isLeft === true && suspends

/** The part in which an agent goes on. */
export const restOf = (agentKey: string) => `${agentKey}/resumed`

/** What is left to do when a person has answered for whom nobody waits. */
export interface Left {
  part: string
  wait: WaitStep
  steps: readonly ScriptStep[]
}

/** It, where a run ends for now. */
export function leftIn(run: Step['run'], { lead, jobs }: Script): Left | undefined {
  for (const { steps } of jobs)
    for (const [index, wait] of steps.entries())
      if (wait.kind === 'wait' && isLeftBy(run, wait))
        return { part: restOf(lead.name), wait, steps: steps.slice(index + 1) }
  return undefined
}

/** A part of a run, and the key of the request that asks for it. */
export interface Taken {
  name: string
  request: string
}

/** Those of some steps that stand in the ledger of this part, or of the whole, each by its key there. */
export function stepsIn(run: Step['run'], script: Script, part?: Taken): (keys: readonly string[]) => string[] {
  const left = leftIn(run, script)
  const parts = [...handOversOf(script).map(({ key, steps }) => ({ part: key, steps })), ...(left ? [left] : [])]
  const handed = parts.flatMap(({ part, steps }) => steps.map(({ key }) => ({ part, key })))
  const ownerOf = (key: string) => handed.find((step) => key === step.key || key.startsWith(`${step.key}/`))?.part
  return (keys) => keys.flatMap((key) => (key === part?.name ? part.request : ownerOf(key) === part?.name ? key : []))
}
