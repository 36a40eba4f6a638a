import { median } from 'findings/statistics'
import { type Piece, piecesOf, streamedOf } from '../table/pieces.ts'
import type { Step } from '../table/table.ts'
import { isAnswered, isChat, most, type Rule } from './rule.ts'

/** The calls of a tool, pieces of the streamed answer beside them and those beside none, and how many other calls of the model begin just before each. */
interface Beside {
  calls: Step[]
  beside: Piece[]
  other: Piece[]
  readers: number[]
}

interface Asked {
  /** A piece has so much less to do for each other call of the model. */
  each?: number
  /** Which pieces are compared with which; all with all where absent. */
  alike?: (piece: Piece) => unknown
  /** Only pieces of which this is so. */
  counts?: (piece: Piece) => boolean
  /** Which tools are asked about. */
  among?: (tools: readonly Beside[]) => readonly Beside[]
}

/** So long before a call, ms, is just before it. */
const justBeforeMs = 30

const sum = <Item>(items: readonly Item[], of: (item: Item) => number) =>
  items.reduce((total, item) => total + of(item), 0)

/** All calls of the tool beside which tokens of a streamed answer come slowest, where they come so many times slower. */
const slowBeside =
  (times: number, { each = 0, alike = () => 0, counts = () => true, among = (tools) => tools }: Asked = {}): Rule =>
  (table) => {
    const read = piecesOf(table)
    if (!read) return []
    const { step: streamed, pieces } = read
    const rivals = table.steps.filter((step) => isChat(step) && step !== streamed)
    const tools = [...Map.groupBy(table.steps.filter(isAnswered), ({ name }) => name).values()].map((calls) => {
      const isBeside = ({ middle }: Piece) =>
        calls.some(({ start_ms, ms }) => {
          const from = start_ms - streamed.start_ms
          return from <= middle && from + ms > middle
        })
      const readers = calls.map(
        (call) =>
          rivals.filter(({ start_ms }) => start_ms <= call.start_ms && start_ms > call.start_ms - justBeforeMs).length,
      )
      const counted = pieces.filter(counts)
      return { calls, beside: counted.filter(isBeside), other: counted.filter((piece) => !isBeside(piece)), readers }
    })
    const slower = ({ beside, other }: Beside) => {
      const others = Map.groupBy(other, alike)
      const work = (some: readonly Piece[]) => sum(some, ({ tokens, others }) => tokens * (1 + each * others))
      const compared = [...Map.groupBy(beside, alike)].flatMap(([key, own]) => {
        const usual = others.get(key) ?? []
        const pace = sum(usual, ({ ms }) => ms) / Math.max(0.5, work(usual))
        return usual.length > 0 ? [{ ms: sum(own, ({ ms }) => ms), usualMs: pace * Math.max(0.5, work(own)) }] : []
      })
      return compared.length > 0 ? sum(compared, ({ ms }) => ms) / sum(compared, ({ usualMs }) => usualMs) : 0
    }
    const [worst] = most(among(tools), slower)
    return worst && slower(worst) > times ? worst.calls : []
  }

/** How many other calls of the model there are beside a tool, and how far from that it is from one piece to the next. */
const crowdOf = ({ beside }: Beside) => sum(beside, ({ ms, others }) => ms * others) / sum(beside, ({ ms }) => ms)
const unevennessOf = (tool: Beside) =>
  sum(tool.beside, ({ ms, others }) => ms * (others - crowdOf(tool)) ** 2) / sum(tool.beside, ({ ms }) => ms)
const seen = (tools: readonly Beside[]) => tools.filter(({ beside }) => beside.length > 0)

const ways: Readonly<Record<string, Asked>> = {
  'one-tool': {},
  alone: { counts: ({ others }) => others === 0 },
  'as-many-others': { alike: ({ others }) => others },
  'shared-a-little': { each: 0.25 },
  shared: { each: 0.5 },
  'shared-much': { each: 0.8 },
  'with-one-before': { each: 0.5, among: (tools) => tools.filter(({ readers }) => median(readers) === 1) },
  'with-none-before': { each: 0.5, among: (tools) => tools.filter(({ readers }) => median(readers) === 0) },
  'with-fewest-others': { each: 0.5, among: (tools) => most(seen(tools), (tool) => -crowdOf(tool)) },
  'with-most-others': { each: 0.5, among: (tools) => most(seen(tools), crowdOf) },
  'with-evenest-others': { each: 0.5, among: (tools) => most(seen(tools), (tool) => -unevennessOf(tool)) },
}

/** The streamed answer, where its first token came so many times later than its prompt makes it. */
const lateFirstToken =
  (times: number): Rule =>
  (table) => {
    const { step, marks } = streamedOf(table) ?? {}
    return step && marks && marks[0].ms > times * (300 + 0.05 * step.uncached_tokens) ? [step] : []
  }

/** The streamed answer, where for so large a share of it hardly a token came: three times as slowly as in all of it. */
const halted =
  (share: number): Rule =>
  (table) => {
    const { step, pieces = [] } = piecesOf(table) ?? {}
    const allMs = sum(pieces, ({ ms }) => ms)
    const pace = allMs / sum(pieces, ({ tokens }) => tokens)
    let [ms, longest] = [0, 0]
    for (const piece of pieces) {
      ms = piece.ms / (piece.tokens + 1) > 3 * pace || piece.tokens === 0 ? ms + piece.ms : 0
      longest = Math.max(longest, ms)
    }
    return step && longest > share * allMs ? [step] : []
  }

/** Rules for a streamed answer, by name. */
export const streamRules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.entries(ways).flatMap(([name, asked]) =>
      [1.5, 1.8, 2.2, 2.6].map((times) => [`slow-beside-${name}-over-${times}`, slowBeside(times, asked)]),
    ),
  ),
  ...Object.fromEntries([1.5, 2, 2.5, 3].map((times) => [`late-first-token-over-${times}`, lateFirstToken(times)])),
  ...Object.fromEntries([4, 7, 10, 15].map((share) => [`halted-over-${share}-percent`, halted(share / 100)])),
}
