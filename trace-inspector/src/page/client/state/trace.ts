import { batch, computed, signal } from '@preact/signals'
import type { Observation } from 'findings/kinds'
import { type Columns, endOf, extentOf } from '../../model/columns.ts'
import { findIdle, type Gap } from '../../model/idle.ts'
import type { Note } from '../../model/note.ts'
import type { Verification } from '../../../verify/verify.ts'
import type { AggregateRow } from 'findings/finding'
import { buildTree, type Tree } from '../../model/tree.ts'
import { ApiProblem, getJson, messageOf } from './api.ts'

/** A trace, ready to be drawn. */
export interface TraceModel {
  columns: Columns
  tree: Tree
  extent: { start: number; end: number }
  idle: Gap[]
  /** By span id. */
  notes: Readonly<Record<string, Note>>
}

export type { Verification }

export interface Revelation {
  kind: Observation['kind'] | null
  text: string
  observed: Observation['observed'] | null
  aggregate: AggregateRow[]
}

export interface LedgerRun {
  scenario: string
  seed: string
  params: Record<string, string | number | boolean>
  replay: string
  service: string
  sampled: boolean
  state: 'running' | 'closed'
  ok: boolean | null
  started_ms: number
  finding:
    (Observation & { text: string; injected: { key: string; drawn_ms: number; span_id: string }[] | null }) | null
}

export function modelOf(columns: Columns, notes: Readonly<Record<string, Note>> = {}): TraceModel {
  const tree = buildTree(columns)
  const extent = extentOf(columns)
  return { columns, tree, extent, notes, idle: findIdle(columns, tree, extent) }
}

export async function fetchModel(traceId: string, withLedger = false): Promise<TraceModel> {
  const answer = await getJson<{ columns: Columns; judged?: Record<string, Note> }>(
    `/traces/${traceId}/picture${withLedger ? '?ledger=1' : ''}`,
  )
  return modelOf(answer.columns, answer.judged)
}

export const trace = signal<TraceModel | null>(null)
export const verification = signal<Verification | null>(null)
/** Whether what is missing is accounted for: nobody says that it was lost. */
export const isExcused = computed(() => (verification.value?.counts.excused ?? 0) > 0)
export const revelation = signal<Revelation | null>(null)
export const ledgerRuns = signal<LedgerRun[]>([])
/** Why there is no picture, or no verdict. */
export const traceProblem = signal('')
export const ledgerProblem = signal('')
/** Spans that have come and are not drawn yet: what is being read does not move by itself. */
export const pending = signal(0)
export const isWaiting = signal(false)

/** Spans of a run that ended this long ago are not on their way any more, ms. */
const settledMs = 10_000
let opened = ''

/** Shows a trace: at once when it is an old one, when everything has come when it has just been made. */
export async function openTrace(traceId: string): Promise<void> {
  opened = traceId
  const isCurrent = () => opened === traceId
  batch(() => {
    trace.value = verification.value = revelation.value = null
    ledgerRuns.value = []
    traceProblem.value = ledgerProblem.value = ''
    pending.value = 0
    isWaiting.value = true
  })
  const [first, revealed] = await Promise.all([fetchModel(traceId).catch(absent), fetchRevelation(traceId)])
  if (!isCurrent()) return
  const isSettled = first !== null && Date.now() - (first.columns.origin_ms ?? 0) - first.extent.end > settledMs
  // Together: what the finding points at has rows of its own, and rows do not move once they are there.
  if (isSettled)
    batch(() => {
      trace.value = first
      revelation.value = revealed
    })
  await loadRuns(traceId)
  const isRunning = ledgerRuns.value.some(({ state }) => state === 'running')
  await judge(traceId, isSettled || isRunning ? 0 : settledMs / 1000, first, isCurrent)
  if (isCurrent()) isWaiting.value = false
  while (isCurrent() && verification.value?.run === 'running') await watch(traceId, isCurrent)
}

const absent = (error: unknown): null => {
  if (!(error instanceof ApiProblem) || error.status !== 404) traceProblem.value = messageOf(error)
  return null
}

const fetchRevelation = (traceId: string) => getJson<Revelation>(`/traces/${traceId}/reveal`).catch(absent)

async function loadRuns(traceId: string): Promise<void> {
  try {
    ledgerRuns.value = (await getJson<{ runs: LedgerRun[] }>(`/traces/${traceId}/runs`)).runs
  } catch (error) {
    ledgerProblem.value = messageOf(error)
  }
}

/** Asks whether all is there, then draws what is, and what is not. `first` is what was there before. */
async function judge(
  traceId: string,
  waitS: number,
  first: TraceModel | null,
  isCurrent: () => boolean,
): Promise<void> {
  const verdict = ledgerProblem.value
    ? null
    : await getJson<Verification>(`/traces/${traceId}/verify?wait_s=${waitS}`).catch((error: unknown) => {
        ledgerProblem.value = messageOf(error)
        return null
      })
  if (!isCurrent()) return
  batch(() => {
    verification.value = verdict
    if (verdict?.verdict === 'complete' && verdict.counts.received === first?.columns.id.length) trace.value = first
  })
  await refresh(traceId, isCurrent)
}

/** Draws all that has come. */
export async function refresh(traceId: string, isCurrent = () => opened === traceId): Promise<void> {
  const verdict = verification.value
  const isFlawed = verdict !== null && verdict.verdict !== 'complete'
  const shown = trace.value?.columns.id.length ?? 0
  try {
    const [model, revealed] = await Promise.all([
      isFlawed || shown === 0 || shown !== verdict?.counts.received ? fetchModel(traceId, isFlawed) : null,
      revelation.value && shown === verdict?.counts.received ? revelation.value : fetchRevelation(traceId),
    ])
    if (!isCurrent()) return
    batch(() => {
      if (model) trace.value = model
      revelation.value = revealed
      pending.value = 0
    })
  } catch (error) {
    if (isCurrent() && trace.value === null) traceProblem.value = messageOf(error)
  }
}

/** Of a run that is under way: says what has come since. */
async function watch(traceId: string, isCurrent: () => boolean): Promise<void> {
  const next = await getJson<Verification>(`/traces/${traceId}/verify?wait_s=2`).catch(() => null)
  if (!isCurrent() || !next) return
  const drawn =
    trace.value?.columns.id.filter((_, span) => ((trace.value?.columns.flags[span] ?? 0) & 4) === 0).length ?? 0
  verification.value = next
  pending.value = Math.max(0, next.counts.received - drawn)
  if (next.run === 'closed') await loadRuns(traceId)
}

/** Durations of the calls of a trace by span id, in order of start. */
export function callsOf({ columns }: TraceModel): Map<string, number> {
  const calls = columns.id.flatMap((_, span) =>
    columns.names[columns.name[span] as number]?.startsWith('execute_tool') ? [span] : [],
  )
  calls.sort((a, b) => (columns.start[a] as number) - (columns.start[b] as number))
  return new Map(calls.map((span) => [columns.id[span] as string, columns.duration[span] as number]))
}

/** End of the trace, for what has no workflow. */
export const lastEnd = ({ columns }: TraceModel): number =>
  columns.id.reduce((last, _, span) => Math.max(last, endOf(columns, span)), 0)
