import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { holds, parseCondition } from '../../model/condition.ts'
import { questionsIn, search } from '../../model/search.ts'
import type { TraceModel } from '../../model/trace-model.ts'
import type { Found } from '../../server/find.ts'
import { getJson, messageOf } from './api.ts'

/** While somebody types nothing is asked, ms. */
const pauseMs = 250

/** A search in one trace. What only the server knows is asked of it. */
export class Search {
  readonly query = signal('')
  readonly problem = signal('')
  readonly #model: ReadonlySignal<TraceModel | null>
  /** Spans for what only the server knows, by what was typed. */
  readonly #answers = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map())
  readonly #open = computed(() => questionsIn(this.query.value).filter((asked) => !this.#answers.value.has(asked)))
  readonly isSearching = computed(() => this.#open.value.length > 0 && this.problem.value === '')
  readonly matches = computed(() => {
    const model = this.#model.value
    return model ? search(model.columns, this.query.value, this.#answers.value) : []
  })
  readonly matching = computed(() => new Set(this.matches.value))

  constructor(model: ReadonlySignal<TraceModel | null>) {
    this.#model = model
    effect(() => {
      if (model.value) this.#answers.value = new Map()
    })
    effect(() => {
      const shown = model.value
      const questions = this.#open.value
      this.problem.value = ''
      if (!shown || questions.length === 0) return undefined
      const timer = setTimeout(() => questions.forEach((question) => void this.#ask(shown, question)), pauseMs)
      return () => clearTimeout(timer)
    })
  }

  async #ask(model: TraceModel, question: string): Promise<void> {
    try {
      const path = `/traces/${model.columns.trace_id}/spans?where=${encodeURIComponent(question)}`
      const { span_ids } = await getJson<Found>(path)
      const condition = parseCondition(question)
      // Of spans that never arrived only the ledger knows what they had.
      const lost = Object.entries(model.notes).filter(
        ([, { attributes }]) => condition && attributes && holds(condition, attributes[condition.key]),
      )
      if (this.#model.value === model)
        this.#answers.value = new Map(this.#answers.value).set(
          question,
          new Set([...span_ids, ...lost.map(([id]) => id)]),
        )
    } catch (error) {
      if (this.#model.value === model) this.problem.value = messageOf(error)
    }
  }
}
