import type { Step, Table } from '../table/table.ts'
import type { People } from './asking.ts'
import type { Calling } from './calling.ts'

/** What is usual in a population of runs, from their spans alone. */
export interface Usual {
  /** What a step takes by its tool and size, or its model and tokens, ms; undefined where too few were seen, or it failed. */
  expected: (step: Step) => number | undefined
  /** A step that takes over so many times what is expected is no chance. */
  limitOf: (step: Step) => number
  /** When the first token of a streamed answer comes, by its prompt, and over so many times of that it is no chance. */
  firstTokenMs: (table: Table) => { ms: number; limit: number } | undefined
  /** Of each model, so much longer a token of a streamed answer takes for each other call of it that is under way, as a share. */
  sharing: ReadonlyMap<string, number>
  people: People
  /** How many tokens of a later prompt a KB of an answer comes to, of each tool. */
  tokensPerKb: ReadonlyMap<string, number>
  calling: Calling
  /** How often first attempts of each tool fail. */
  failing: ReadonlyMap<string, number>
}
