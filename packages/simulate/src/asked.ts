import type { Catalog, Query } from 'engine/catalog'
import { report } from 'engine/mix/read'
import type { PlannedRun } from 'engine/mix/plan'
import { SimulateError } from './error.ts'
import { type Asked, queryOf } from './play.ts'

/** What runs have in common that ask the same of a scenario. */
interface Question extends Required<Pick<Asked, 'offer' | 'params' | 'query'>> {
  seed: string | undefined
}

/** How many questions are kept: most runs of a mix ask what another has asked. */
const mostKept = 4096

/** Reads what planned runs ask of the engine. */
export class Asking {
  readonly #catalog: Catalog
  readonly #startMs: number
  readonly #questions = new Map<string, Question>()

  /** `startMs` is when the plan starts. */
  constructor(catalog: Catalog, startMs: number) {
    this.#catalog = catalog
    this.#startMs = startMs
  }

  /** Throws a SimulateError for what nobody can play. */
  of({ scenario, params: given, seed: ids, conversationId, atMs }: PlannedRun): Asked {
    const { offer, params, query, seed = ids } = this.#questionOf(scenario, given)
    const startMs = this.#startMs + atMs
    // Runs that are to decide the same are still traces of their own.
    if (conversationId === undefined) return { offer, params, query, seed, ids, startMs }
    const asked = { ...params, conversation_id: conversationId }
    const isLast = query !== '' && params.conversation_id === undefined
    // To write a query anew takes longer than to plan its run; what names a conversation stands in it as it is.
    const whole = isLast ? `${query}&conversation_id=${conversationId}` : queryOf(offer, asked)
    return { offer, params: asked, query: whole, seed, ids, startMs }
  }

  #questionOf(scenario: string, params: PlannedRun['params']): Question {
    const text = JSON.stringify([scenario, params])
    const known = this.#questions.get(text)
    if (known) return known
    if (this.#questions.size === mostKept) this.#questions.clear()
    const question = this.#read(scenario, params)
    this.#questions.set(text, question)
    return question
  }

  #read(name: string, given: PlannedRun['params']): Question {
    const offer = this.#catalog.find(name)
    if (!offer) {
      const known = this.#catalog.offers.map(({ scenario }) => scenario.name).join(', ')
      throw new SimulateError(`There is no scenario ${name}; expected one of ${known}`)
    }
    const parsed = this.#catalog.parse(offer, asTyped(given))
    if ('faults' in parsed) {
      const faults = parsed.faults.map(
        ({ parameter, value, expected }) =>
          `${parameter}${value === undefined ? '' : ` ${value}`}: expected ${expected}`,
      )
      throw new SimulateError(report(`What it asks of ${name}`, faults))
    }
    const { seed, ...params } = parsed.params
    return { offer, params, query: queryOf(offer, params), seed: seed === undefined ? seed : String(seed) }
  }
}

/** Parameters as a query has them. */
function asTyped(params: PlannedRun['params']): Query {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))
}
