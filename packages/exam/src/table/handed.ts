import { membersOf } from 'findings/answers'
import { byStart, durationOf } from 'findings/step'
import type { ExamSpan, TakenElsewhere, Tree } from './span.ts'
import type { Handed } from './table.ts'

/** Clocks of two agents that do not agree to the last digit, ms. */
const toleranceMs = 5

/** A hand-over, and the agent that took over as far as it is to be found. */
export interface HandOver extends Handed {
  call: ExamSpan
  agent: ExamSpan | undefined
}

/**
 * Finds for every call that hands over who took over: below it; where nothing is, the trace whose root links to it; and then
 * of those that say nothing one that fits in between, those pairs first that leave the least time. `elsewhere` are traces of the
 * same conversation.
 */
export function handOversOf(tree: Tree, elsewhere: readonly TakenElsewhere[]): Map<string, HandOver> {
  const calls = byStart(tree.spans.filter(({ operation }) => operation === 'hand_over'))
  const bare: ExamSpan[] = []
  const found = new Map<string, HandOver>()
  const add = (call: ExamSpan, reach: Handed['reach'], agent?: ExamSpan) =>
    found.set(call.span_id, { call, reach, agent, ms: durationOf(call), isLeftAlone: isLeftAlone(tree, call) })
  for (const call of calls) {
    const [server] = tree.childrenOf(call.span_id)
    const agent = server && tree.childrenOf(server.span_id).find(({ operation }) => operation === 'invoke_agent')
    const linked = elsewhere.find(({ root }) => root.links.includes(call.span_id))
    if (agent) add(call, 'below', agent)
    else if (linked) add(call, 'linked', linked.agent)
    else bare.push(call)
  }
  const orphans = elsewhere.filter(({ root }) => root.links.length === 0)
  const pairs = bare.flatMap((call) => orphans.flatMap((orphan) => pairOf(call, orphan) ?? []))
  const taken = new Set<ExamSpan>()
  for (const { call, agent } of pairs.toSorted((a, b) => a.slackMs - b.slackMs)) {
    if (taken.has(call) || taken.has(agent)) continue
    taken.add(call).add(agent)
    add(call, 'orphan', agent)
  }
  for (const call of bare) if (!taken.has(call)) add(call, 'nowhere')
  return found
}

/** A call and what may have been below it: told to the same agent, and within the same time. */
function pairOf(call: ExamSpan, { root, agent }: TakenElsewhere) {
  const told = membersOf(call.arguments)?.agent
  if (told !== undefined && told !== agent.facts.agent) return undefined
  const [before, after] = [root.start_ms - call.start_ms, call.end_ms - root.end_ms]
  return before >= -toleranceMs && after >= -toleranceMs ? { call, agent, slackMs: before + after } : undefined
}

/** Whether who handed over did something else before the call had ended, which is no other hand-over that began with it. */
function isLeftAlone({ spans }: Tree, { span_id, parent_span_id, start_ms, end_ms }: ExamSpan): boolean {
  return spans.some(
    (other) =>
      other.span_id !== span_id &&
      other.parent_span_id === parent_span_id &&
      other.operation !== 'hand_over' &&
      other.start_ms >= start_ms &&
      other.start_ms < end_ms - toleranceMs,
  )
}

/** How long a call took until the agent began; all of it where that is not below it, ms. */
export const acceptedMs = ({ call, agent, reach, ms }: HandOver): number =>
  reach === 'below' && agent ? agent.start_ms - call.start_ms : ms
