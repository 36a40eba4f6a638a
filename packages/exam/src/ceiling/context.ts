import { median } from 'findings/statistics'
import type { Step, Table } from '../table/table.ts'
import { type Detector, type Found, removed } from './detector.ts'

interface At {
  step: Step
  index: number
}

/** A call of the model, and what came since the one before it. */
interface Sent extends At {
  tokens: number
  /** Absent for the first. */
  since?: { tokens: number; calls: readonly At[] }
}

const tokensOf = ({ uncached_tokens, cached_tokens }: Step) => uncached_tokens + cached_tokens

function sentIn({ steps }: Table): Sent[] {
  const sent: Sent[] = []
  let calls: At[] = []
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'tool') calls.push({ step, index })
    if (step.kind !== 'model') continue
    const last = sent.at(-1)
    const since = last && { tokens: last.tokens + last.step.output_tokens, calls }
    sent.push({ step, index, tokens: tokensOf(step), ...(since && { since }) })
    calls = []
  }
  return sent
}

/** Answers smaller than this are mostly what is said around them, KB. */
const leastKb = 0.4

/** How many tokens of a later prompt a KB of an answer comes to, of each tool: the median of where it can be seen. */
export function learnTokensPerKb(tables: readonly Table[]): ReadonlyMap<string, number> {
  const ratios = tables.flatMap((table) =>
    sentIn(table).flatMap(({ tokens, since }) => {
      const [only, ...others] = since?.calls ?? []
      if (!since || !only || others.length > 0 || only.step.kb < leastKb) return []
      const grown = tokens - since.tokens
      return grown > 0 ? [{ tool: only.step.name, ratio: grown / only.step.kb }] : []
    }),
  )
  return new Map(
    [...Map.groupBy(ratios, ({ tool }) => tool)].map(([tool, all]) => [tool, median(all.map(({ ratio }) => ratio))]),
  )
}

type TokensPerKb = ReadonlyMap<string, number>
const tokensOfAll = (calls: readonly At[], tokensPerKb: TokensPerKb) =>
  calls.reduce((sum, { step }) => sum + step.kb * (tokensPerKb.get(step.name) ?? 0), 0)

/** More than so many times what is expected is sent twice; below this share something was dropped. */
const doubledOver = 1.3
const droppedBelow = 0.9
const leastTokens = 1000

interface Judged extends Sent {
  /** What there was to send: all that was said before, once. */
  expected: number
  isDoubled: boolean
  isDropped: boolean
}

/** Every call of the model but the first, beside what there was to send. */
function judgedIn(table: Table, tokensPerKb: TokensPerKb): Judged[] {
  let known: number | undefined
  return sentIn(table).flatMap((sent): Judged[] => {
    const { tokens, step, since } = sent
    const expected = known === undefined ? tokens : known + tokensOfAll(since?.calls ?? [], tokensPerKb)
    const isDoubled = tokens > doubledOver * expected && tokens > expected + leastTokens
    const isDropped = tokens < droppedBelow * expected
    known = (isDoubled ? expected : tokens) + step.output_tokens
    return since ? [{ ...sent, expected, isDoubled, isDropped }] : []
  })
}

/** Of the window, what may be estimated too low. */
const full = 0.985

/** What was answered did not fit any more, and something was dropped for it. */
export const overflow: Detector = (table, usual) =>
  judgedIn(table, usual.tokensPerKb).flatMap(({ step, index, since, expected, isDropped }): Found[] => {
    const [largest] = (since?.calls ?? []).toSorted((a, b) => b.step.kb - a.step.kb)
    if (!largest || !isDropped || expected < full * step.window) return []
    const answered = table.steps.filter(({ kind, failure }) => kind === 'tool' && failure === null)
    const kb = median(answered.map((each) => each.kb))
    const instead = (each: Step) =>
      each.kind === 'model'
        ? timesOf(each, { uncached_tokens: kb * (usual.tokensPerKb.get(largest.step.name) ?? 0) }, usual)
        : timesOf(each, { kb }, usual)
    return [{ kinds: ['overflow'], steps: [largest.index, index], instead }]
  })

/** Far more is sent than there is to say: all of it twice. */
export const doubled: Detector = (table, usual) => {
  const found = judgedIn(table, usual.tokensPerKb).filter(({ isDoubled }) => isDoubled)
  if (found.length < 2) return []
  const expectedAt = new Map(found.map(({ index, expected }) => [index, expected]))
  const instead = (step: Step, index: number) =>
    timesOf(step, { uncached_tokens: Math.max(0, (expectedAt.get(index) ?? 0) - step.cached_tokens) }, usual)
  return [{ kinds: ['duplicate_history'], steps: [...expectedAt.keys()], instead }]
}

/** What was asked before something was dropped is asked again, and answered as before. */
export const lostFact: Detector = (table, usual) => {
  const { steps } = table
  const drops = judgedIn(table, usual.tokensPerKb).filter(({ isDropped }) => isDropped)
  const again = steps.flatMap(({ kind, failure, name, args, result }, index) => {
    if (kind !== 'tool' || failure !== null) return []
    const first = steps.findIndex((step) => step.name === name && step.args === args && step.result === result)
    const isForgotten = drops.some((drop) => drop.index > first && drop.index < index)
    return first < index && isForgotten ? [index] : []
  })
  if (again.length === 0) return []
  const withThoughts = again.flatMap((index) => (steps[index - 1]?.kind === 'model' ? [index - 1, index] : [index]))
  return [{ kinds: ['lost_fact'], steps: withThoughts, instead: removed }]
}

/** What a step would have taken of another size. */
function timesOf(step: Step, other: Partial<Step>, usual: Parameters<Detector>[1]) {
  const [now, then] = [usual.expected(step), usual.expected({ ...step, ...other })]
  return { ms: now && then ? (step.ms * then) / now : step.ms, gap_ms: step.gap_ms }
}
