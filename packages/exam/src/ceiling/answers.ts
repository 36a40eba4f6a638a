import type { PlantedKind } from 'contract/taxonomy'
import { type Flaw, flawedAnswers, membersOf } from 'findings/answers'
import type { Step } from '../table/table.ts'
import type { Detector } from './detector.ts'

const kindOf: Readonly<Record<Flaw, PlantedKind>> = {
  error: 'body_error',
  truncated: 'truncated',
  empty: 'wrong_empty',
}

/** What a call builds on, by the versions of answers. */
function givenTo({ args }: Step): string[] {
  const given = membersOf(args)?.given
  return Array.isArray(given) ? given.map(String) : []
}

/** An answer that came with 200 and is wrong, and a later call builds on it. */
export const flawedAnswer: Detector = ({ steps }) => {
  const calls = steps.flatMap((step, index) => (step.kind === 'tool' && step.failure === null ? [{ step, index }] : []))
  const used = new Set(calls.flatMap(({ step }) => givenTo(step)))
  const flawed = flawedAnswers(
    calls.map(({ step: { name, args, result } }) => ({ tool: name, arguments: args, result })),
  )
  return [...flawed].flatMap(([at, flaw]) => {
    const { step, index } = calls[at] as (typeof calls)[number]
    // Where nobody says what calls build on, all may.
    if (used.size > 0 && !used.has(String(membersOf(step.result)?.version))) return []
    return [{ kinds: [kindOf[flaw]], steps: [index], instead: (same: Step) => same }]
  })
}
