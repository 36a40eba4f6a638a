import type { Step, Table } from '../table/table.ts'

/** A rule that somebody writes in a line: which steps of a run it names, none where nothing is wrong. */
export type Rule = (table: Table) => readonly Step[]

export const isCall = ({ kind }: Step) => kind === 'tool' || kind === 'chunk'
export const isAnswered = (step: Step) => isCall(step) && step.failure === null && !step.isCached
export const isChat = ({ kind }: Step) => kind === 'model'
/** Tokens of a prompt. */
export const sentOf = ({ uncached_tokens, cached_tokens }: Step) => uncached_tokens + cached_tokens

/** The one with the most of something; none of none. */
export function most<Item>(items: readonly Item[], of: (item: Item) => number): Item[] {
  const [first, ...rest] = items
  return first ? [rest.reduce((best, item) => (of(item) > of(best) ? item : best), first)] : []
}
export const earliestOf = (steps: readonly Step[]) => most(steps, ({ start_ms }) => -start_ms)

/** Calls that were made more than so often, always with one answer, while `isStill` says so of what was called between: every one but the first. */
export const stuckOver =
  (times: number, isStill: (between: readonly Step[], group: readonly Step[], table: Table) => boolean): Rule =>
  (table) => {
    const calls = table.steps.filter(isCall)
    const groups = [...Map.groupBy(calls, ({ name, args }) => `${name} ${args}`).values()]
    return groups
      .filter((group) => group.length > times && new Set(group.map(({ result }) => result)).size === 1)
      .filter((group) => {
        const [first, last] = [group[0], group.at(-1)].map((step) => calls.indexOf(step as Step))
        return isStill(calls.slice(first, last), group, table)
      })
      .flatMap((group) => group.slice(1))
  }
export const isInARow = (between: readonly Step[], group: readonly Step[]) => between.length === group.length - 1
