import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { count, durations } from 'findings/format'
import type { StepPair } from '../../model/align.ts'
import { announce } from '../state/announce.ts'
import { address, link } from '../state/address.ts'
import { type Against, against, againstProblem, loadAgainst, remedyOfRun, runWithout } from '../state/against.ts'
import { progress, runProblem } from '../state/run.ts'
import { Progress } from '../views/progress.ts'
import { Waterfall } from '../look/waterfall.ts'
import { Miniature } from './miniature.ts'
import type { Look } from '../state/look.ts'
import type { TraceModel } from '../../model/trace-model.ts'
import { h } from '../h.ts'

/** The same seed again with the fault taken out: what it saved, beside what the finding said that it would. */
export function Without({ look }: { look: Look }): VNode {
  const remedy = remedyOfRun(look.trace)
  const found = against.value?.traceId === address.value.against ? against.value : null
  useEffect(
    () => void loadAgainst(look.trace),
    [address.value.against, look.trace.model.value, look.trace.revelation.value],
  )
  if (!remedy) return html`<p class="waiting">Nobody has said how to take the fault out of this scenario.</p>`
  const changes = Object.entries(remedy.changes)
    .map((pair) => pair.join('='))
    .join(' ')
  const isBusy = progress.value !== null || (address.value.against !== '' && !found && !againstProblem.value)
  return html`<div class="without">
    <section class="card intro">
      <p>
        ${'The same seed once more, with '}<b>${remedy.label}</b>${' '}<code>${changes}</code>${'. Every other decision stays the same.'}
      </p>
      <button type="button" class="primary" disabled=${isBusy} onClick=${() => void runWithout(look.trace)}>
        ${isBusy ? html`<i class="spinner" aria-hidden="true"></i> Running` : found ? 'Run it again' : 'Run without the fault'}
      </button>
      ${h(Progress, {})}
      ${(runProblem.value || againstProblem.value) && html`<p class="problem" role="alert">${runProblem.value || againstProblem.value}</p>`}
    </section>
    ${found && look.trace.model.value && h(Result, { found, look, model: look.trace.model.value })}
  </div>`
}

function Result({ found, look, model }: { found: Against; look: Look; model: TraceModel }): VNode {
  const { prediction, measured, beforeMs, afterMs } = found
  const unit = prediction?.unit ?? 'ms'
  const inUnit = durations(Math.max(beforeMs, afterMs))
  const shown = (value: number | null) =>
    value === null ? '–' : unit === 'ms' ? inUnit(value) : `${value.toFixed(1)} tokens/s`
  const title = `${unit === 'ms' ? 'Saved' : 'Beside background work'} ${shown(measured)}; the finding predicted ${shown(prediction?.value ?? null)}`
  useEffect(() => announce(title), [found.traceId])
  const longest = Math.max(model.extent.end - model.extent.start, found.model.extent.end - found.model.extent.start)
  return html`<section class="card" aria-labelledby="saving-title">
      <h2 id="saving-title">${title}</h2>
      <p class="dim">Predicted from ${prediction?.how ?? 'nothing'}.</p>
      <div class="savings">
        ${saving('predicted', prediction?.value ?? 0, Math.max(prediction?.value ?? 0, measured ?? 0), shown)}
        ${saving('measured', measured ?? 0, Math.max(prediction?.value ?? 0, measured ?? 0), shown)}
      </div>
      <div class="pair-of-runs">
        ${run('With the fault', model, longest, inUnit(beforeMs))}
        ${run('Without it', found.model, longest, inUnit(afterMs))}
      </div>
      ${h(Both, { looks: [look, found.look] })}
      <p><a ...${link({ page: 'trace', trace: found.traceId })}>Open the run without the fault</a></p>
    </section>
    ${h(Steps, { steps: found.steps, inUnit })}`
}

function saving(name: string, value: number, most: number, shown: (value: number) => string): VNode {
  return html`<p class="saving">
    <span>${name}</span>
    <span class="track"
      ><i
        class=${`part ${name === 'measured' ? 'part-acting' : 'part-marked'}`}
        style=${{ width: `${most > 0 ? (Math.max(0, value) / most) * 100 : 0}%` }}
      ></i
    ></span>
    <b class="number">${shown(value)}</b>
  </p>`
}

function run(title: string, model: TraceModel, longest: number, total: string): VNode {
  return html`<figure>
    <figcaption>${title} <span class="dim">${total}, ${count(model.columns.id.length, 'span')}</span></figcaption>
    ${h(Miniature, { model, longestMs: longest })}
  </figure>`
}

/** Both traces in full, each with its own rows and its own time. */
function Both({ looks }: { looks: readonly [Look, Look] }): VNode {
  const [isOpen, setOpen] = useState(false)
  const [before, after] = looks
  return html`<details onToggle=${(event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
    <summary>Both waterfalls, side by side</summary>
    ${
      isOpen &&
      html`<div class="pair-of-runs">
        ${h(Waterfall, { look: before, label: 'With the fault' })} ${h(Waterfall, { look: after, label: 'Without it' })}
      </div>`
    }
  </details>`
}

const first = 40

function Steps({ steps, inUnit }: { steps: StepPair[]; inUnit: (value: number) => string }): VNode {
  const [isAll, setAll] = useState(false)
  const inOrder = [...steps].sort((a, b) => Math.abs(b.beforeMs - b.afterMs) - Math.abs(a.beforeMs - a.afterMs))
  const shown = inOrder.slice(0, isAll ? 2000 : first)
  const only = ({ before, after }: StepPair) => (before < 0 ? 'only without' : after < 0 ? 'only with' : '')
  return html`<section class="card" aria-labelledby="steps-title">
    <h2 id="steps-title">
      Step by step <span class="dim">the largest differences first, of ${count(steps.length, 'step')}</span>
    </h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of steps">
      <table>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col" class="number">With</th>
            <th scope="col" class="number">Without</th>
            <th scope="col" class="number">Difference</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (pair) =>
              html`<tr>
                <th scope="row">${pair.name} <span class="dim">${pair.agent} ${only(pair)}</span></th>
                <td class="number">${pair.before < 0 ? '–' : inUnit(pair.beforeMs)}</td>
                <td class="number">${pair.after < 0 ? '–' : inUnit(pair.afterMs)}</td>
                <td class="number">${difference(pair.afterMs - pair.beforeMs, inUnit)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${steps.length > first && !isAll && html`<button type="button" class="tool" onClick=${() => setAll(true)}>Show more</button>`}
  </section>`
}

const difference = (value: number, inUnit: (value: number) => string) =>
  `${value > 0 ? '+' : '−'} ${inUnit(Math.abs(value))}`
