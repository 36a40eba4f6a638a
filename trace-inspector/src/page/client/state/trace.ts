import { batch, computed, signal } from '@preact/signals'
import type { RunLedger } from 'contract/ledger'
import type { LedgerFinding } from '../../model/finding.ts'
import type { Revelation } from '../../../reveal/reveal.ts'
import type { Verification } from '../../../verify/verify.ts'
import { flag, has } from '../../model/columns.ts'
import { modelOf, type TraceModel } from '../../model/trace-model.ts'
import type { Session } from '../../../session/session.ts'
import type { PictureAnswer } from '../../server/picture.ts'
import { ApiProblem, getJson, messageOf } from './api.ts'

export type { Revelation, Verification }
/** A run as its agent knows it: with the number of its steps instead of them. */
export type LedgerRun = Omit<RunLedger, 'steps' | 'finding'> & { steps: number; finding: LedgerFinding | null }

export async function fetchModel(
  traceId: string,
  { withLedger = false, isStitched = false }: { withLedger?: boolean; isStitched?: boolean } = {},
): Promise<TraceModel> {
  const query = [...(withLedger ? ['ledger=1'] : []), ...(isStitched ? ['stitch=1'] : [])].join('&')
  const answer = await getJson<PictureAnswer>(`/traces/${traceId}/picture${query && `?${query}`}`)
  return modelOf(answer.columns, answer.judged)
}

/** Spans of a run that ended this long ago are not on their way any more, ms. */
const settledMs = 10_000
/** Between two questions for a key that is pending, ms. */
const keyPauseMs = 2000

/** A trace, and what is known of it by now. */
export class OpenTrace {
  readonly model = signal<TraceModel | null>(null)
  readonly verification = signal<Verification | null>(null)
  readonly revelation = signal<Revelation | null>(null)
  /** What was planted against what was found. */
  readonly planted = signal<Revelation['planted']>(null)
  readonly runs = signal<LedgerRun[]>([])
  /** The traces that it is one session with. */
  readonly session = signal<Session | null>(null)
  /** Whether what was severed from it is drawn where it belongs. */
  readonly isStitched = signal(false)
  /** Why there is no picture, or no verdict. */
  readonly problem = signal('')
  readonly ledgerProblem = signal('')
  /** Spans that have come and are not drawn yet: what is being read does not move by itself. */
  readonly pending = signal(0)
  readonly isWaiting = signal(false)
  /** Whether a run of it keeps what it knows until somebody has answered. */
  readonly isSealed = signal(false)
  /** Whether what is missing is accounted for: nobody says that it was lost. */
  readonly isExcused = computed(() => (this.verification.value?.counts.excused ?? 0) > 0)
  #id = ''

  /** Shows a trace: at once when it is an old one, when everything has come when it has just been made. */
  async open(traceId: string): Promise<void> {
    this.#id = traceId
    batch(() => {
      this.model.value = this.verification.value = this.revelation.value = this.planted.value = null
      this.runs.value = []
      this.session.value = null
      this.isStitched.value = false
      this.problem.value = this.ledgerProblem.value = ''
      this.pending.value = 0
      this.isSealed.value = false
      this.isWaiting.value = true
    })
    const [first, revealed] = await Promise.all([
      fetchModel(traceId).catch((error: unknown) => this.#absent(error)),
      this.#reveal(traceId),
    ])
    if (this.#id !== traceId) return
    const isSettled = first !== null && Date.now() - (first.columns.origin_ms ?? 0) - first.extent.end > settledMs
    // Together: what the finding points at has rows of its own, and rows do not move once they are there.
    if (isSettled)
      batch(() => {
        this.model.value = first
        this.revelation.value = revealed
        this.planted.value = revealed?.planted ?? null
      })
    await this.#loadRuns(traceId)
    const isRunning = this.runs.value.some(({ state }) => state === 'running')
    await this.#judge(traceId, isSettled || isRunning ? 0 : settledMs / 1000, first)
    if (this.#id === traceId) this.isWaiting.value = false
    await this.#loadSession(traceId)
    while (this.#id === traceId && this.verification.value?.run === 'running') await this.#watch(traceId)
    while (this.#id === traceId && this.planted.value === 'pending') await this.#awaitKey(traceId)
  }

  /** Draws what was severed from it below its true parent, or as it came again. */
  async stitch(isStitched: boolean): Promise<void> {
    const traceId = this.#id
    try {
      const model = await fetchModel(traceId, { withLedger: this.#isLedgerDrawn, isStitched })
      if (this.#id !== traceId) return
      batch(() => {
        this.isStitched.value = isStitched
        this.model.value = model
      })
    } catch (error) {
      if (this.#id === traceId) this.ledgerProblem.value = messageOf(error)
    }
  }

  async #loadSession(traceId: string): Promise<void> {
    const session = await getJson<Session>(`/traces/${traceId}/session`).catch(() => null)
    if (this.#id === traceId) this.session.value = session
  }

  /** What was sealed has been answered: tells what is known now. */
  async unseal(): Promise<void> {
    const traceId = this.#id
    this.isSealed.value = false
    await this.#loadRuns(traceId)
    if (this.#id === traceId) this.revelation.value = null
    await this.#judge(traceId, 0, this.model.value)
  }

  /** Draws all that has come. */
  async refresh(): Promise<void> {
    const traceId = this.#id
    const verdict = this.verification.value
    const shown = this.model.value?.columns.id.length ?? 0
    const isNew = shown === 0 || shown !== verdict?.counts.received
    const known = this.revelation.value
    try {
      const [model, revealed] = await Promise.all([
        this.#isFlawed || isNew
          ? fetchModel(traceId, { withLedger: this.#isLedgerDrawn, isStitched: this.isStitched.value })
          : null,
        known && !isNew ? known : this.#reveal(traceId),
      ])
      if (this.#id !== traceId) return
      batch(() => {
        if (model) this.model.value = model
        this.revelation.value = revealed
        this.planted.value = revealed?.planted ?? null
        this.pending.value = 0
      })
    } catch (error) {
      if (this.#id === traceId && this.model.value === null) this.problem.value = messageOf(error)
    }
  }

  get #isFlawed(): boolean {
    const verdict = this.verification.value
    return verdict !== null && verdict.verdict !== 'complete'
  }

  /** Whether what the ledger says of lost and altered spans is drawn. */
  get #isLedgerDrawn(): boolean {
    return this.#isFlawed && !this.isSealed.value
  }

  #absent(error: unknown): null {
    if (this.#isSeal(error)) return null
    if (!(error instanceof ApiProblem) || error.status !== 404) this.problem.value = messageOf(error)
    return null
  }

  /** Whether that is the reason for an error. */
  #isSeal(error: unknown): boolean {
    const isSeal = error instanceof ApiProblem && error.status === 423
    if (isSeal) this.isSealed.value = true
    return isSeal
  }

  #reveal(traceId: string): Promise<Revelation | null> {
    return getJson<Revelation>(`/traces/${traceId}/reveal`).catch((error: unknown) => this.#absent(error))
  }

  async #loadRuns(traceId: string): Promise<void> {
    try {
      const { runs } = await getJson<{ runs: LedgerRun[] }>(`/traces/${traceId}/runs`)
      if (this.#id === traceId) this.runs.value = runs
    } catch (error) {
      if (this.#id === traceId && !this.#isSeal(error)) this.ledgerProblem.value = messageOf(error)
    }
  }

  /** Asks whether all is there, then draws what is, and what is not. `first` is what was there before. */
  async #judge(traceId: string, waitS: number, first: TraceModel | null): Promise<void> {
    const verify = (seconds: number) =>
      getJson<Verification & { knows_since: string }>(`/traces/${traceId}/verify?wait_s=${seconds}`).catch(
        (error: unknown) => {
          if (this.#id === traceId) this.ledgerProblem.value = messageOf(error)
          return null
        },
      )
    let verdict: Verification | null = null
    if (!this.ledgerProblem.value) {
      const early = first === null && waitS > 0 ? await verify(0) : null
      // Of what goes elsewhere, or was before its time, nothing comes by waiting.
      const isPast = early?.verdict === 'forgotten' && Date.parse(early.knows_since) < Date.now()
      verdict = early && (isPast || early.verdict === 'elsewhere') ? early : await verify(waitS)
    }
    if (this.#id !== traceId) return
    batch(() => {
      this.verification.value = verdict
      if (verdict?.verdict === 'complete' && verdict.counts.received === first?.columns.id.length)
        this.model.value = first
    })
    await this.refresh()
  }

  /** Of a run that is under way: says what has come since. */
  async #watch(traceId: string): Promise<void> {
    const next = await getJson<Verification>(`/traces/${traceId}/verify?wait_s=2`).catch(() => null)
    if (this.#id !== traceId || !next) return
    const columns = this.model.value?.columns
    const drawn = columns?.id.filter((_, span) => !has(columns, span, flag.lost)).length ?? 0
    this.verification.value = next
    this.pending.value = Math.max(0, next.counts.received - drawn)
    if (next.run === 'closed') await this.#compare(traceId)
  }

  /** Of a run whose key is pending. */
  async #awaitKey(traceId: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, keyPauseMs))
    if (this.#id === traceId) await this.#compare(traceId)
  }

  /** What the run knows of itself by now, with nothing that is drawn. */
  async #compare(traceId: string): Promise<void> {
    const [revealed] = await Promise.all([this.#reveal(traceId), this.#loadRuns(traceId)])
    if (this.#id === traceId) this.planted.value = revealed?.planted ?? null
  }
}
