import * as say from './sentence.ts'
import { type AnalysisStep, type FailingModel, withOperation } from './step.ts'

/** Model calls that failed, with the attempts that did; undefined where none did. Every rule points at them. */
export function failingModel(steps: readonly AnalysisStep[]): { ids: string[]; figures: FailingModel } | undefined {
  const chats = withOperation(steps, 'chat')
  const lost = chats.filter(({ failed, facts }) => failed || facts.finish_reason === 'content_filter')
  const chatIds = new Set(chats.map(({ span_id }) => span_id))
  const refused = withOperation(steps, 'http_client').filter(
    ({ failed, parent_span_id }) => failed && chatIds.has(parent_span_id ?? ''),
  )
  if (lost.length + refused.length === 0) return undefined
  const withheld = lost.filter(({ failed }) => !failed).map(() => 'withheld')
  const words = [...refused.map(wordFor), ...withheld]
  const failures = Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]))
  return {
    ids: [...refused, ...lost].map(({ span_id }) => span_id),
    figures: { failures, gave_up: lost.length },
  }
}

const wordFor = ({ facts: { status = 0 } }: AnalysisStep) => (status >= 400 ? String(status) : 'no answer')

/** What is added to a sentence; nothing where no model failed. */
export function modelWords(model: FailingModel | undefined): string {
  if (!model) return ''
  const { failures, gave_up } = model
  const kinds = say.list(Object.entries(failures).map(([word, times]) => `${times} × ${word}`))
  const outcome = gave_up === 0 ? 'each was asked again and answered' : `${say.count(gave_up, 'call')} got no answer`
  return `; the model failed${kinds && ` (${kinds})`}: ${outcome}`
}
