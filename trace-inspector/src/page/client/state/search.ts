import { computed, effect, signal } from '@preact/signals'
import { holds, parseCondition } from '../../model/condition.ts'
import { questionsIn, search } from '../../model/search.ts'
import { getJson, messageOf } from './api.ts'
import { trace, type TraceModel } from './trace.ts'

export const query = signal('')
/** Spans for what only the server knows, by what was typed. */
const answers = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map())
export const searchProblem = signal('')
const open = computed(() => questionsIn(query.value).filter((question) => !answers.value.has(question)))
export const isSearching = computed(() => open.value.length > 0 && searchProblem.value === '')
export const matches = computed(() => (trace.value ? search(trace.value.columns, query.value, answers.value) : []))
export const matching = computed(() => new Set(matches.value))

/** While somebody types nothing is asked, ms. */
const pauseMs = 250

async function ask(model: TraceModel, question: string): Promise<void> {
  try {
    const { span_ids } = await getJson<{ span_ids: string[] }>(
      `/traces/${model.columns.trace_id}/spans?where=${encodeURIComponent(question)}`,
    )
    const condition = parseCondition(question)
    // Of spans that never arrived only the ledger knows what they had.
    const lost = Object.entries(model.notes).filter(
      ([, { attributes }]) => condition && attributes && holds(condition, attributes[condition.key]),
    )
    if (trace.value === model)
      answers.value = new Map(answers.value).set(question, new Set([...span_ids, ...lost.map(([id]) => id)]))
  } catch (error) {
    if (trace.value === model) searchProblem.value = messageOf(error)
  }
}

effect(() => {
  if (trace.value) answers.value = new Map()
})
effect(() => {
  const model = trace.value
  const questions = open.value
  searchProblem.value = ''
  if (!model || questions.length === 0) return undefined
  const timer = setTimeout(() => questions.forEach((question) => void ask(model, question)), pauseMs)
  return () => clearTimeout(timer)
})
