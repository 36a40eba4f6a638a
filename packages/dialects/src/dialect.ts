import type {
  DialectName,
  EventOf,
  Facts,
  FactsOf,
  Operation,
  RunFacts,
  SomeFacts,
  Stated,
  StepEvent,
} from 'contract/facts'
import type { LedgerStep } from 'contract/ledger'
import type { Quirk } from 'contract/quirks'
import type { Attributes, Line } from './line.ts'
import { quirked } from './quirks.ts'
import { type Entries, type Kept, Shapes, type Values, writtenOf } from './shapes.ts'

type Lines<Fact> = Readonly<Record<string, Line<Fact>>>

/** How the steps of one operation are written. */
export interface Writing<Some extends Facts> {
  kind: SpanKind
  name: (facts: Some) => string
  /** Attributes that a span has from its start, in order. */
  opening: Lines<keyof Some>
  /** Attributes that are known only later. */
  learned?: Lines<keyof Some>
  /** What the span stands for beside its operation; one that has it says whose run it is of, too. */
  sort?: (facts: Some) => string
}
export type SpanKind = 'internal' | 'client' | 'server'

/** A dialect as a table: every attribute name by the fact that it is made of. */
export interface DialectTable {
  operations: { [Op in Operation]: Writing<FactsOf<Op>> }
  events: { [Name in StepEvent['name']]: Lines<Exclude<keyof EventOf<Name>, 'name' | 'time_ms'>> }
  run: Lines<keyof RunFacts>
  agentId: string
  sort: string
  errorType: string
  /** What a span did, from what it says itself; one of another's has a word of its own. */
  operationOf: (span: ReadableSpan) => string
}

type FactIn<Some> = Some extends { fact: infer Fact } ? Fact : never
type WrittenBy<Some> = Some extends { opening: infer Opening }
  ? FactIn<Opening[keyof Opening]> | (Some extends { learned: infer Learned } ? FactIn<Learned[keyof Learned]> : never)
  : never
/** Facts that a table forgets to write. A role is what sort of span an agent's is. */
type Unwritten<Table extends DialectTable> = {
  [Op in Operation]: Exclude<keyof FactsOf<Op>, 'operation' | 'role' | WrittenBy<Table['operations'][Op]>>
}[Operation]

/** A dialect; one that leaves a fact unwritten does not compile. */
export function defineDialect<const Table extends DialectTable>(
  name: DialectName,
  table: Table & ([Unwritten<Table>] extends [never] ? unknown : { unwritten: Unwritten<Table> }),
): Dialect {
  return new Dialect(name, table)
}

/** What of a received span a dialect reads. */
export interface ReadableSpan {
  name: string
  kind: string
  attributes: Readonly<Record<string, unknown>>
  events: readonly { name: string; time_ms: number; attributes: Readonly<Record<string, unknown>> }[]
}

/** A span in words of facts again. */
export interface ReadSpan {
  operation: string
  facts: SomeFacts
  agent_id: string | null
  scenario: string | null
  events: readonly ReadEvent[]
}
export interface ReadEvent {
  name: string
  time_ms: number
  tokens?: number
  gap_ms?: number
  next_ms?: number
  attempt?: number
  delay_ms?: number
  outcome?: string
}

/** What of a table a dialect leaves out: names of attributes, and of events that are in the ledger alone. */
export interface Omission {
  attributes: ReadonlySet<string>
  events: ReadonlySet<StepEvent['name']>
}
const nothing: Omission = { attributes: new Set(), events: new Set() }

/** Takes an attribute. */
export type Visit = (name: string, value: Attributes[string]) => void

/** Takes attributes that other spans have just so. */
export type VisitShared = (attributes: Attributes, kept: Kept) => void

/** What a step has to say beside its facts and what its run says. */
const beside = { agent: 'its agent', sort: 'its sort', error: 'its error' }

/** Values of one step: read at once. */
const values: unknown[] = []

function write(attributes: Attributes, entries: Entries, facts: Values): void {
  for (const { name, fact, always, write } of entries) {
    if (fact === undefined) {
      if (always !== undefined) attributes[name] = always
      continue
    }
    const value = facts[fact]
    if (value === undefined) continue
    const written = write ? write(value) : (value as Attributes[string])
    if (written !== undefined) attributes[name] = written
  }
}

function read(facts: Record<string, unknown>, entries: Entries, attributes: Values): void {
  for (const { name, fact, read } of entries) {
    if (fact === undefined || !read || facts[fact] !== undefined) continue
    const value = read(attributes[name])
    if (value !== undefined) facts[fact] = value
  }
}

/**
 * How facts are written on spans, and read back from them. What a table says stands in both directions, so that verifying
 * compares with what was written by the same words.
 */
export class Dialect {
  readonly name: DialectName
  readonly #table: DialectTable
  readonly #operations: Readonly<Record<string, { opening: Entries; learned: Entries; shapes: Shapes }>>
  readonly #events: Readonly<Record<string, Entries>>
  readonly #run: Entries
  readonly #omitted: Omission
  readonly #quirks: ReadonlySet<Quirk>
  readonly #withQuirks = new Map<string, Dialect>()

  constructor(name: DialectName, table: DialectTable, omitted = nothing, quirks: readonly Quirk[] = []) {
    this.name = name
    this.#table = table
    this.#omitted = omitted
    this.#quirks = new Set(quirks)
    const entriesOf = (lines: Lines<PropertyKey> = {}): Entries =>
      Object.entries(lines).flatMap(([name, line]) => (omitted.attributes.has(name) ? [] : { ...(line as Line), name }))
    const { operations, events, run } = table
    this.#run = entriesOf(run)
    this.#operations = Object.fromEntries(
      Object.entries(operations).map(([operation, writing]) => {
        const [opening, learned] = [entriesOf(writing.opening), entriesOf(writing.learned)]
        return [operation, { opening, learned, shapes: this.#shapesOf(writing.sort !== undefined, opening, learned) }]
      }),
    )
    this.#events = Object.fromEntries(Object.entries(events).map(([event, lines]) => [event, entriesOf(lines)]))
  }

  #shapesOf(saysRun: boolean, opening: Entries, learned: Entries): Shapes {
    const ofRun = this.#run.map((entry) => ({ ...entry, fact: `its run's ${entry.fact}` }))
    const told: Entries = saysRun
      ? [...ofRun, { name: this.#table.agentId, fact: beside.agent }, { name: this.#table.sort, fact: beside.sort }]
      : []
    const failed = { name: this.#table.errorType, fact: beside.error }
    return new Shapes(
      [...ofRun.map(({ fact }) => fact), ...Object.values(beside)],
      [...opening, ...told, ...learned, failed],
    )
  }

  get quirks(): readonly Quirk[] {
    return [...this.#quirks]
  }

  /** The same with these quirks; always the same one. */
  withQuirks(quirks: readonly Quirk[]): Dialect {
    if (quirks.length === 0) return this
    const key = quirks.join()
    const known = this.#withQuirks.get(key) ?? new Dialect(this.name, this.#table, this.#omitted, quirks)
    this.#withQuirks.set(key, known)
    return known
  }

  #writing(facts: Facts | Stated): Writing<Facts> {
    // The entry of an operation takes that operation's facts; the compiler cannot tie the two.
    return this.#table.operations[facts.operation] as Writing<Facts>
  }

  /** What a step's span is called. */
  nameOf(facts: Facts | Stated): string {
    return this.#writing(facts).name(facts as Facts)
  }

  kindOf(facts: Facts | Stated): SpanKind {
    return this.#table.operations[facts.operation].kind
  }

  /** What is on a span from its start. */
  opening(facts: Facts | Stated, agentId: string | null, run: RunFacts): Attributes {
    const attributes: Attributes = {}
    write(attributes, (this.#operations[facts.operation] as { opening: Entries }).opening, facts)
    const { sort } = this.#writing(facts)
    if (!sort) return attributes
    write(attributes, this.#run, run)
    if (agentId !== null) attributes[this.#table.agentId] = agentId
    attributes[this.#table.sort] = sort(facts as Facts)
    return attributes
  }

  /** What facts that came later add to those that are known. */
  learned(operation: Operation, facts: Values, known: Values = facts): Attributes {
    const attributes: Attributes = {}
    const said = quirked(operation, facts, known, this.#quirks)
    write(attributes, (this.#operations[operation] as { learned: Entries }).learned, said)
    return attributes
  }

  /** What is on the span of a step, all of it. */
  attributesOf({ facts, agent_id, error_type }: LedgerStep, run: RunFacts): Attributes {
    const attributes = { ...this.opening(facts, agent_id, run), ...this.learned(facts.operation, facts) }
    if (error_type !== null) attributes[this.#table.errorType] = error_type
    return attributes
  }

  /**
   * Hands over all that `attributesOf` says of a step, in its order and without an object for it: what many steps say alike
   * together, and what it alone says one by one. Content is what stands in the step: in a ledger that keeps it, text.
   */
  eachAttribute(step: LedgerStep, run: RunFacts, visit: Visit, visitShared: VisitShared): void {
    const { facts, agent_id, error_type } = step
    const { shapes } = this.#operations[facts.operation] as { shapes: Shapes }
    const shape = shapes.of(quirked(facts.operation, facts, facts, this.#quirks), values)
    let at = shape.names.length
    for (const { fact } of this.#run) values[at++] = run[fact as keyof RunFacts]
    values[at++] = agent_id
    values[at++] = this.#writing(facts).sort?.(facts)
    values[at] = error_type
    for (const piece of shape.piecesOf(values)) {
      if (piece.shared) visitShared(piece.shared, piece.kept)
      else {
        const written = writtenOf(piece.entry, values[piece.at])
        if (written !== undefined) visit(piece.entry.name, written)
      }
    }
  }

  /** Whether an event of this name is on spans. */
  writesEvent(name: StepEvent['name']): boolean {
    return !this.#omitted.events.has(name)
  }

  /** What is on an event. */
  eventAttributes(event: StepEvent): Attributes {
    const attributes: Attributes = {}
    write(attributes, this.#events[event.name] as Entries, event)
    return attributes
  }

  /** Facts from what arrived; what does not look as it is written here is not there. */
  read(span: ReadableSpan): ReadSpan {
    const { attributes, events } = span
    const operation = this.#table.operationOf(span)
    const facts: Record<string, unknown> = {}
    const run: Record<string, unknown> = {}
    const known = Object.hasOwn(this.#operations, operation) ? this.#operations[operation] : undefined
    if (known) {
      read(facts, known.opening, attributes)
      read(facts, known.learned, attributes)
    }
    read(run, this.#run, attributes)
    const agent = attributes[this.#table.agentId]
    return {
      operation,
      facts,
      agent_id: typeof agent === 'string' ? agent : null,
      scenario: typeof run.scenario === 'string' ? run.scenario : null,
      events: events.map(({ name, time_ms, attributes: written }) => {
        const event: Record<string, unknown> & ReadEvent = { name, time_ms }
        if (Object.hasOwn(this.#events, name)) read(event, this.#events[name] as Entries, written)
        return event
      }),
    }
  }
}
