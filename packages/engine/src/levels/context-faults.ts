import { modelName } from '../model.ts'
import type { Draft, DraftFault, DraftJob, Timed } from './draft.ts'
import { toolNamed } from './calls.ts'
import type { Attempt, ChatStep } from './script.ts'
import { slower } from './slow.ts'
import { sendOtherwise } from './thoughts.ts'
import { between, shuffled, usualBytes } from './world.ts'

/** How many tokens the model holds, of prompt and answer. */
export const window = 32_768

/** How many tokens an answer has that fills the context; at level 4 fewer, after one that has more. */
const fillTokens = { 2: [8000, 20_000], 3: [8000, 20_000], 4: [3000, 7500] } as const
/** What is left of a context that was cut, as a share of the window. */
const cutShare = [0.55, 0.68] as const
/** Of what was sent before, at most. */
const mostKept = 0.85
/** Of a fault that shows in a row of calls of the model. */
const rowOfCalls = [3, 5] as const
const shorter = [4, 3, 2] as const
/** A history of so many tokens, and so large a share of what is sent, is worth sending twice. */
const fewestTokens = 1500
const leastShare = 0.4

/** What may go wrong with what a model is sent, in a run that is drawn but for that. */
export class ContextFaults {
  readonly #draft: Draft
  readonly #chats: readonly ChatStep[]
  readonly #job: DraftJob
  /** Instructions and tools, with which every call begins. */
  readonly #prefix: number
  readonly #taken = new Set<ChatStep>()

  readonly #compaction: ChatStep

  constructor(draft: Draft, job: DraftJob, { prefix, compaction }: { prefix: number; compaction: ChatStep }) {
    this.#compaction = compaction
    this.#draft = draft
    this.#job = job
    this.#prefix = prefix
    this.#chats = job.steps.filter((step) => step.kind === 'chat')
  }

  /** Whether no call of the model is sent more than this share of its window where nothing is wrong. */
  isWithin(share: number): boolean {
    return this.#chats.every(({ inputTokens, outputTokens }) => inputTokens.base + outputTokens <= share * window)
  }

  /** A fault: an answer is so long that the context no longer fits; its oldest part is dropped, until it is compacted. */
  overflow({ step, of }: Timed): void {
    const draft = this.#draft
    const random = draft.random.fork('overflow')
    const next = this.#job.steps.slice(this.#job.steps.indexOf(step)).find(({ kind }) => kind === 'chat') as ChatStep
    const row = this.#chats.slice(this.#chats.indexOf(next), this.#chats.indexOf(this.#compaction))
    const [first] = row
    if (step.kind !== 'call' || !first) return void (draft.isHopeless = true)
    const usual = of as Attempt
    const { bytesPerToken } = toolNamed(draft, step.tool)
    const room = window - (first.inputTokens.base - usual.bytes / bytesPerToken)
    const [least, most] = fillTokens[draft.numbers.level]
    const tokens = Math.max(least, Math.round(room + random.integer(500, 4000)))
    if (tokens > most) draft.isHopeless = true
    const fault = draft.fault({
      kind: 'overflow',
      entity: { tool: step.tool, agent: draft.lead.name },
      magnitude: { unit: 'tokens', value: tokens },
      changesOutcome: true,
    })
    step.attempts = [{ ...usual, onlyWithout: fault.id }, this.#filling(usual, step.tool, tokens, fault)]
    const before = this.#chats[this.#chats.indexOf(first) - 1]
    const cut = Math.min(between(random, ...cutShare) * window, mostKept * (before?.inputTokens.base ?? 0))
    const kept = Math.round(Math.max(tokens + 1500, cut))
    // Who is sent more than before has not been cut for all to see.
    if (before && kept >= before.inputTokens.base) draft.isHopeless = true
    for (const [index, chat] of row.entries()) {
      const before = row[index - 1]
      const inputTokens = kept + chat.inputTokens.base - first.inputTokens.base
      const cachedTokens = before ? before.inputTokens.value + before.outputTokens : 0
      sendOtherwise(chat, { inputTokens, cachedTokens }, fault.id)
      this.#taken.add(chat)
    }
    fault.steps.push(step.key, ...row.map(({ key }) => key))
  }

  /** The same answer, with so many tokens. */
  #filling(usual: Attempt, toolName: string, tokens: number, fault: DraftFault): Attempt {
    const { fixed, bytesPerToken } = toolNamed(this.#draft, toolName)
    const bytes = Math.round(tokens * bytesPerToken)
    const shareOf = (bytes: number) => fixed + (1 - fixed) * (bytes / usualBytes)
    const { value } = slower(usual.ms, shareOf(bytes) / shareOf(usual.bytes), fault.id)
    return { ...usual, onlyWith: fault.id, bytes, ms: { value, base: value } }
  }

  /** A fault: for a while all that was said before is sent twice. The cache has the first copy. */
  duplicateHistory(): void {
    const fault = this.#inRow(
      'duplicate_history',
      { agent: this.#draft.lead.name },
      {
        isFit: ({ inputTokens, cachedTokens, outputTokens }) =>
          cachedTokens.base > 0 &&
          inputTokens.base - this.#prefix > Math.max(fewestTokens, leastShare * inputTokens.base) &&
          2 * inputTokens.base - this.#prefix + outputTokens < window,
        sent: ({ inputTokens, cachedTokens }) => ({
          inputTokens: 2 * inputTokens.base - this.#prefix,
          cachedTokens: cachedTokens.base,
        }),
      },
    )
    fault.magnitude = { unit: 'tokens', value: this.#more(fault, 'inputTokens') }
  }

  /** A fault: for a while nothing is read from the cache. */
  missCache(): void {
    const fault = this.#inRow(
      'cache_miss',
      { model: modelName },
      {
        isFit: ({ cachedTokens }) => cachedTokens.base > fewestTokens,
        sent: ({ inputTokens }) => ({ inputTokens: inputTokens.base, cachedTokens: 0 }),
      },
    )
    fault.magnitude = { unit: 'tokens', value: -this.#more(fault, 'cachedTokens') }
  }

  /** A fault of some calls of the model in a row. */
  #inRow(
    kind: 'duplicate_history' | 'cache_miss',
    entity: DraftFault['entity'],
    {
      isFit,
      sent,
    }: { isFit: (chat: ChatStep) => boolean; sent: (chat: ChatStep) => Parameters<typeof sendOtherwise>[1] },
  ): DraftFault {
    const draft = this.#draft
    const random = draft.random.fork(kind)
    const fault = draft.fault({ kind, entity, changesOutcome: true })
    const drawn = random.integer(...rowOfCalls)
    const isFree = (chat: ChatStep) =>
      !this.#taken.has(chat) && chat !== this.#compaction && chat.onlyWith === undefined
    const rowsOf = (length: number) =>
      this.#chats
        .map((_, index) => this.#chats.slice(index, index + length))
        .filter((row) => row.length === length && row.every((chat) => isFree(chat) && isFit(chat)))
    // Where so many do not fit in a row, fewer do.
    const fitting =
      [drawn, ...shorter.filter((length) => length < drawn)].map(rowsOf).find((rows) => rows.length > 0) ?? []
    const [row] = shuffled(random.fork('row'), fitting)
    if (!row) {
      draft.isHopeless = true
      draft.faults.pop()
    }
    for (const chat of row ?? []) {
      sendOtherwise(chat, sent(chat), fault.id)
      this.#taken.add(chat)
      fault.steps.push(chat.key)
    }
    return fault
  }

  #more(fault: DraftFault, what: 'inputTokens' | 'cachedTokens'): number {
    const struck = this.#chats.filter(({ key }) => fault.steps.includes(key))
    return struck.reduce((sum, chat) => sum + chat[what].value - chat[what].base, 0)
  }
}
