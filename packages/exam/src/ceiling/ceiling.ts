import { handoffTool } from 'contract/handoff'
import { nothing } from '../question.ts'
import type { Solution } from '../solution.ts'
import { savingOf } from '../table/schedule.ts'
import type { Table } from '../table/table.ts'
import { flawedAnswer } from './answers.ts'
import { doubled, lostFact, overflow } from './context.ts'
import type { Detector, Found } from './detector.ts'
import { failed, faultyTool, gap, notRetryable } from './failures.ts'
import type { Usual } from './usual.ts'
import { acceptLag, bounce, dropped, severed } from './handovers.ts'
import { overload } from './overload.ts'
import { badArguments, inventedId, noTool } from './hallucinations.ts'
import { cacheMiss, duplicate, ignoredError, loop } from './repeats.ts'
import { redo, resumeLag, unneeded } from './people.ts'
import { slow } from './slow.ts'
import { stream } from './stream.ts'

const detectors: readonly Detector[] = [
  slow,
  failed,
  gap,
  loop,
  ignoredError,
  cacheMiss,
  overflow,
  doubled,
  lostFact,
  faultyTool,
  notRetryable,
  duplicate,
  stream,
  resumeLag,
  unneeded,
  redo,
  overload,
  flawedAnswer,
  noTool,
  badArguments,
  inventedId,
  severed,
  dropped,
  bounce,
  acceptLag,
]

/**
 * What an engineer finds who knows what is usual and looks at what waited for what: the bar for everybody else. `kinds` are
 * the choices of the question; what is none of them is not looked for.
 */
export function ceiling(table: Table, usual: Usual, kinds: readonly string[]): Solution {
  const all = detectors
    .flatMap((detect) => detect(table, usual))
    .flatMap((found) => {
      const kind = found.kinds.find((each) => kinds.includes(each))
      return kind === undefined ? [] : [{ ...found, kind }]
    })
  const by = new Map<number, Found>(all.flatMap((found) => found.steps.map((index) => [index, found])))
  const saved = all.reduce((sum, { savedMs = 0 }) => sum + savedMs, 0)
  const named = [...by.keys()].toSorted((a, b) => a - b)
  return {
    steps: named.flatMap((index) => table.steps[index] ?? []),
    names: all.flatMap((found) => namesOf(found, table)),
    kinds: all.length === 0 ? [nothing] : [...new Set(all.map(({ kind }) => kind))],
    window: windowOf(all),
    costMs: savingOf(table, named, (step, index) => by.get(index)?.instead(step, index) ?? step) + saved,
  }
}

function windowOf(all: readonly Found[]): Found['window'] {
  const windows = all.flatMap(({ window }) => window ?? [])
  if (windows.length === 0) return undefined
  return {
    from_ms: Math.min(...windows.map(({ from_ms }) => from_ms)),
    to_ms: Math.max(...windows.map(({ to_ms }) => to_ms)),
  }
}

/** An agent that did nothing, or the wrong thing, is to blame itself, and a model for what it asked; what was said on the way to a call is the call's. */
function namesOf({ steps, blames }: Found, table: Table): string[] {
  const own = steps.flatMap((index) => table.steps[index] ?? [])
  if (blames === 'handing over') return [handoffTool]
  if (blames === 'agent') return own.flatMap(({ agent }) => agent ?? [])
  if (blames === 'model') return own.flatMap(({ kind, name }) => (kind === 'model' ? name : []))
  const calls = own.filter(({ kind }) => kind !== 'model')
  return (calls.length > 0 ? calls : own).map(({ name }) => name)
}
