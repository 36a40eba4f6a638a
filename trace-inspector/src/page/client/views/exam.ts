import { html } from 'htm/preact'
import type { ComponentChildren, VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { actorOf, nameOf } from '../../model/columns.ts'
import { count, percent } from 'findings/format'
import { mayBeFaulty } from '../../model/exam.ts'
import { foldOfRow } from '../../model/rows.ts'
import { address, link } from '../state/address.ts'
import { agentsProblem } from '../state/agents.ts'
import {
  examProblem,
  handIn,
  level,
  levels,
  point,
  pointedAt,
  score,
  startExam,
  surprise,
  unpoint,
  verdicts,
} from '../state/exam.ts'
import { progress, runProblem } from '../state/run.ts'
import { Progress } from './progress.ts'
import { TraceHead } from './trace-head.ts'
import { LookView } from './look-view.ts'
import type { Look } from '../state/look.ts'
import { h } from '../h.ts'

/** Find the culprit yourself: the answer is hidden until yours is in. */
export function ExamPage({ look }: { look: Look }): ComponentChildren {
  const { trace: traceId, scenario, params } = address.value
  useEffect(() => {
    score.value = null
    unpoint()
  }, [traceId, params.seed])
  useEffect(() => {
    look.showMarks.value = score.value !== null
    return () => void (look.showMarks.value = true)
  }, [score.value])
  if (traceId) return h(Sitting, { look })
  return html`<div class="exam-intro card">
    <h1>Exam</h1>
    <p class="lead">
      A run is made, and its trace is shown without the answer. Point at the span that is to blame, or say that nothing
      is wrong. Then the run is opened, and your answer is scored by its key.
    </p>
    ${agentsProblem.value && html`<p class="problem" role="alert">${agentsProblem.value}</p>`}
    <p class="exam-actions">
      <label>
        Level
        <select
          value=${level.value}
          onChange=${(event: Event) => (level.value = (event.target as HTMLSelectElement).value)}
        >
          ${levels.map((each) => html`<option value=${each}>${each}</option>`)}
        </select>
      </label>
      ${scenario && html`<button type="button" class="primary" disabled=${progress.value !== null || !mayBeFaulty(scenario, params)} onClick=${() => void startExam()}>Begin</button>`}
      <button type="button" class=${scenario ? 'secondary' : 'primary'} onClick=${surprise}>
        ${scenario ? 'Another' : 'Draw an exam'}
      </button>
      ${scenario && html`<span class="dim">${scenario}${params.seed ? html`, seed <code>${params.seed}</code>` : ''}</span>`}
    </p>
    ${runProblem.value && html`<p class="problem" role="alert">${runProblem.value}</p>`} ${h(Progress, {})}
  </div>`
}

function Sitting({ look }: { look: Look }): VNode {
  if (look.trace.problem.value) return html`<p class="problem" role="alert">${look.trace.problem.value}</p>`
  return html`<div class="trace-page">
    ${h(TraceHead, { look, isExam: true })}
    <section class="card exam" aria-label="Your answer">
      ${score.value ? h(Result, { look }) : h(Question, { look })}
    </section>
    ${look.trace.model.value ? h(LookView, { look }) : html`<p class="waiting" role="status"><i class="spinner" aria-hidden="true"></i> Waiting for the spans to arrive</p>`}
  </div>`
}

/** What the cursor is on: ids of spans, and what to call them. */
function underCursor(look: Look): { ids: string[]; name: string } | null {
  const model = look.trace.model.value
  const row = look.cursor.value
  if (!model || row === null) return null
  const { columns } = model
  const spans = row >= 0 ? [row] : (look.folds.value.folds[foldOfRow(row)]?.members ?? [])
  const name = row >= 0 ? `${nameOf(columns, row)} ${actorOf(columns, row)}` : `all ${spans.length}`
  return { ids: spans.map((span) => columns.id[span] as string), name: name.trim() }
}

/** All spans that are called as the selected one; only failed ones where it failed. */
function alike(look: Look): string[] {
  const model = look.trace.model.value
  const row = look.cursor.value
  if (!model || row === null || row < 0) return []
  const { columns } = model
  const failed = (span: number) => (columns.flags[span] as number) & 1
  const operation = (span: number) => nameOf(columns, span).split(' ')[0]
  return columns.id.filter((_, span) => operation(span) === operation(row) && (!failed(row) || failed(span)))
}

function Question({ look }: { look: Look }): VNode {
  const chosen = [...pointedAt.value]
  const here = underCursor(look)
  const others = alike(look)
  return html`<h2>What is to blame?</h2>
    <p class="dim">
      Select a span in the waterfall, point at it, and hand in. Pointing at nothing says that nothing is wrong.
    </p>
    <p class="exam-actions">
      <button type="button" class="secondary" disabled=${!here} onClick=${() => here && point(here.ids)}>
        Point at ${here ? html`<b>${here.name}</b>` : 'the selected span'}
      </button>
      ${others.length > 1 && html`<button type="button" class="secondary" onClick=${() => point(others)}>and at all ${others.length} like it</button>`}
      <button type="button" class="primary" disabled=${!look.trace.model.value} onClick=${() => void handIn()}>
        ${chosen.length === 0 ? 'Nothing is wrong: hand in' : `Hand in ${count(chosen.length, 'span')}`}
      </button>
    </p>
    ${
      chosen.length > 0 &&
      html`<ul class="chips" aria-label="You point at">
        ${chosen.slice(0, 12).map((id) => html`<li>${nameById(look, id)} <button type="button" class="link" aria-label=${`Not ${nameById(look, id)}`} onClick=${() => unpoint(id)}>✕</button></li>`)}
        ${chosen.length > 12 && html`<li>and ${chosen.length - 12} more <button type="button" class="link" onClick=${() => unpoint()}>clear</button></li>`}
      </ul>`
    }
    ${examProblem.value && html`<p class="problem" role="alert">${examProblem.value}</p>`}`
}

function Result({ look }: { look: Look }): VNode {
  const result = score.value as NonNullable<typeof score.value>
  return html`<h2 class=${`verdict-${result.verdict}`}>${verdicts[result.verdict]}</h2>
    <ul class="counts">
      <li><b>${percent(result.precision)}</b> precision</li>
      <li><b>${percent(result.recall)}</b> recall</li>
      <li><b>${result.found.length}</b> found</li>
      <li><b>${result.missed.length}</b> missed</li>
      <li><b>${result.wrong.length}</b> wrongly accused</li>
    </ul>
    <p>${result.culprits.length === 0 ? 'Nothing was wrong. ' : ''}${result.text}.</p>
    ${
      result.culprits.length > 0 &&
      html`<p class="planted">
        To blame:
        ${result.culprits.slice(0, 6).map((id) => html`<button type="button" class="link" onClick=${() => look.select(look.positions.value.get(id) ?? -1)}>${nameById(look, id)}</button> `)}
        ${result.culprits.length > 6 && html`<span class="dim">and ${result.culprits.length - 6} more</span>`}
      </p>`
    }
    <p class="exam-actions">
      <button type="button" class="primary" onClick=${surprise}>Draw another</button>
      <a class="tool" ...${link({ page: 'trace', trace: address.value.trace, tab: 'compare' })}>See all of it</a>
    </p>`
}

function nameById(look: Look, id: string): string {
  const model = look.trace.model.value
  const span = look.positions.value.get(id)
  if (!model || span === undefined) return id
  return `${nameOf(model.columns, span)} ${actorOf(model.columns, span)}`.trim()
}
