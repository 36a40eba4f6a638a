import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { count, durations } from '../../model/format.ts'
import type { StepPair } from '../../model/align.ts'
import { announce } from '../state/announce.ts'
import { address, link } from '../state/address.ts'
import { type Against, against, againstProblem, loadAgainst, remedyHere, runWithout } from '../state/against.ts'
import { progress, runProblem } from '../state/run.ts'
import { revelation, trace, type TraceModel } from '../state/trace.ts'
import { Progress } from '../views/progress.ts'
import { Miniature } from './miniature.ts'

/** The same seed again with the fault taken out: what it saved, beside what the finding said that it would. */
export function Without(): VNode {
  const remedy = remedyHere()
  const found = against.value?.traceId === address.value.against ? against.value : null
  useEffect(() => void loadAgainst(), [address.value.against, trace.value, revelation.value])
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
      <button type="button" class="primary" disabled=${isBusy} onClick=${() => void runWithout()}>
        ${isBusy ? html`<i class="spinner" aria-hidden="true"></i> Running` : found ? 'Run it again' : 'Run without the fault'}
      </button>
      <${Progress} />
      ${(runProblem.value || againstProblem.value) && html`<p class="problem" role="alert">${runProblem.value || againstProblem.value}</p>`}
    </section>
    ${found && trace.value && html`<${Result} found=${found} model=${trace.value} />`}
  </div>`
}

function Result({ found, model }: { found: Against; model: TraceModel }): VNode {
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
      <p><a ...${link({ page: 'trace', trace: found.traceId })}>Open the run without the fault</a></p>
    </section>
    <${Steps} steps=${found.steps} inUnit=${inUnit} />`
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
    <${Miniature} model=${model} longestMs=${longest} />
  </figure>`
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
