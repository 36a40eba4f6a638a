import { callsOf, type CallTrouble, troubleOf } from '../calls.ts'
import { defineFinding, saving } from '../finding.ts'
import { count, ms } from '../format.ts'
import * as say from '../sentence.ts'
import { type AnalysisStep, byStart, durationOf, type Observed, round, sum, withOperation } from '../step.ts'

export interface SeveredContext extends Observed, CallTrouble {
  /** How often an agent handed over to another that answered. */
  hand_overs: number
  /** And how often to one that did not. */
  failed_hand_overs: number
  /** Hand-overs of which nothing is to be seen below the call: what came of them is in another trace. */
  severed: { span_id: string; agent_id: string | null; ms: number }[]
  /** Requests to take over that have no parent, and link to nothing: the rest of another trace. */
  orphans: { span_id: string; service: string }[]
  /** Requests without a parent that link to what they go on with. */
  resumed: number
}

/** Where the context of a trace was lost between two agents. A root that links to what it goes on with is none: it was meant. */
function observe(steps: readonly AnalysisStep[]): SeveredContext {
  const served = new Set(withOperation(steps, 'http_server').map(({ parent_span_id }) => parent_span_id))
  const all = byStart(withOperation(steps, 'hand_over'))
  const handOvers = all.filter(({ failed }) => !failed)
  const refused = all.filter(({ failed }) => failed)
  const severed = handOvers.filter(({ span_id }) => !served.has(span_id))
  const orphans = withOperation(steps, 'http_server').filter(isOrphan)
  const { ids, figures } = troubleOf(callsOf(steps))
  return {
    span_ids: [...new Set([...severed, ...orphans, ...refused].map(({ span_id }) => span_id)), ...ids],
    hand_overs: handOvers.length,
    failed_hand_overs: refused.length,
    severed: severed.map((step) => ({
      span_id: step.span_id,
      agent_id: step.agent_id,
      ms: round(durationOf(step)),
    })),
    orphans: orphans.map(({ span_id, service }) => ({ span_id, service })),
    resumed: steps.filter(({ parent_span_id, linksElsewhere }) => parent_span_id === null && linksElsewhere).length,
    ...figures,
  }
}

/** What a request to take over is called. A browser reads this file as well, and nothing of `contract` but types. */
export const takeOver = 'POST /mcp'

const isOrphan = ({ name, parent_span_id, linksElsewhere }: AnalysisStep) =>
  parent_span_id === null && !linksElsewhere && name === takeOver

export const severedContext = defineFinding({
  cause: { fault: 'severed' },
  observe,
  sentence: ({ hand_overs, failed_hand_overs, severed, orphans, resumed, slow, failed_calls }) => {
    const lost = `nothing is below ${severed.length} of ${say.count(hand_overs, 'hand-over')}: what came of ${severed.length === 1 ? 'it' : 'them'} (${say.ms(sum(severed.map(({ ms }) => ms)))}) is in ${severed.length === 1 ? 'another trace' : 'other traces'}`
    const orphan = 'this is the rest of another trace: an agent took over, and nothing says from whom'
    const whole =
      hand_overs > 0
        ? `nothing was lost at ${say.count(hand_overs, 'hand-over')}`
        : resumed > 0
          ? 'this goes on with another trace, and links to it'
          : 'nobody handed over'
    const said = [...(severed.length > 0 ? [lost] : []), ...(orphans.length > 0 ? [orphan] : [])]
    if (said.length === 0 && (failed_hand_overs === 0 || hand_overs + resumed > 0)) said.push(whole)
    if (failed_hand_overs > 0) said.push(`${say.count(failed_hand_overs, 'hand-over')} failed`)
    const sentence = said.join('; ')
    return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${say.slow(slow)}${say.failed(failed_calls)}`
  },
  questions: ({ severed, orphans, hand_overs, failed_hand_overs }, { totalMs }) => {
    const all = hand_overs + failed_hand_overs
    const answered = `${failed_hand_overs > 0 ? `${hand_overs} of` : 'All'} ${count(all, 'hand-over')} of it were answered well. `
    const seen =
      severed.length > 0
        ? `; for ${ms(sum(severed.map((each) => each.ms)))} of that its trace shows a call, and nothing below it`
        : orphans.length > 0
          ? ', and nothing says who asked for it'
          : ''
    const missed =
      severed.length > 0
        ? 'What is missing is counted elsewhere, as requests of their own: no row of the table says that they belong here.'
        : 'No row of the table says which requests belong together.'
    return { symptom: `The request took ${ms(totalMs)}${seen}.`, missed: `${all > 0 ? answered : ''}${missed}` }
  },
  without: () => saving(0, 'no time: the same is done, in one trace'),
  chart: ({ span_ids }) => ({
    shape: 'stack',
    title: 'What an agent did itself, and what it handed over',
    names: ['chat', 'execute_tool', 'tools/call', 'checkpoint'],
    marked: span_ids,
  }),
})
