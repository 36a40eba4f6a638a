import { fieldOf } from '../table/rows.ts'
import type { Step } from '../table/table.ts'
import { type Detector, removed } from './detector.ts'

/** What a call is about: its arguments, or the id in them where something beside it changes from call to call. */
function aboutOf({ args }: Step): string {
  const id = fieldOf(args, 'id')
  return typeof id === 'string' ? id : args
}

/** The same is asked again and again; the answer never changes, or never comes, and nothing was written in between. */
export const loop: Detector = ({ steps }) => {
  const calls = steps.flatMap((step, index) => (step.kind === 'tool' && !step.isCached ? [{ step, index }] : []))
  const groups = [...Map.groupBy(calls, ({ step }) => `${step.name} ${aboutOf(step)}`).values()]
  const repeated = groups.filter((group) => {
    const [first, last] = [group[0]?.index as number, group.at(-1)?.index as number]
    const about = aboutOf(group[0]?.step as Step)
    const answered = group.filter(({ step }) => step.failure === null)
    const isRescued =
      answered.length === 0 && calls.some(({ step }) => aboutOf(step) === about && step.failure === null)
    const isMixed = answered.length > 0 && answered.length < group.length
    const answers = new Set(answered.map(({ step }) => step.result))
    const isWritten = steps.slice(first, last).some(({ isWrite }) => isWrite)
    return group.length >= 2 && !isRescued && !isMixed && answers.size <= 1 && !isWritten
  })
  const again = repeated.flatMap((group) => group.slice(1))
  if (again.length < 2 && !again.some(({ step }) => step.failure !== null)) return []
  // What was said before a call that need not be is not needed either.
  const found = again.flatMap(({ index }) => (steps[index - 1]?.kind === 'model' ? [index - 1, index] : [index]))
  return [{ kinds: ['loop'], steps: found, instead: removed }]
}

/** The context grows, and nothing of it is read from the cache, again and again. */
export const cacheMiss: Detector = ({ steps }, usual) => {
  const chats = steps.flatMap((step, index) => (step.kind === 'model' ? [{ step, index }] : []))
  const contextOf = ({ uncached_tokens, cached_tokens }: Step) => uncached_tokens + cached_tokens
  const missed = chats.filter(({ step }, at) => {
    const before = chats[at - 1]?.step
    return before !== undefined && step.cached_tokens === 0 && contextOf(step) >= 0.9 * contextOf(before)
  })
  if (missed.length < 2) return []
  const instead = (step: Step, index: number) => {
    const before = chats[chats.findIndex((chat) => chat.index === index) - 1]?.step
    const uncached_tokens = contextOf(step) - (before ? contextOf(before) + before.output_tokens : 0)
    const [now, then] = [usual.expected(step), usual.expected({ ...step, uncached_tokens })]
    return { ms: now && then ? (step.ms * then) / now : step.ms, gap_ms: step.gap_ms }
  }
  return [{ kinds: ['cache_miss'], steps: missed.map(({ index }) => index), instead }]
}

/** A chunk that was worked through before, and not read from a cache. */
export const duplicate: Detector = ({ steps }) => {
  const seen = new Set<string>()
  const again = steps.flatMap(({ kind, failure, isCached, args }, index) => {
    if (kind !== 'chunk' || failure !== null || isCached) return []
    if (seen.has(args)) return [index]
    seen.add(args)
    return []
  })
  return again.length > 0 ? [{ kinds: ['duplicate'], blames: 'agent', steps: again, instead: removed }] : []
}
