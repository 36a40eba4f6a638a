import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { whole, ms } from '../../model/format.ts'
import { formatAddress } from '../../model/address.ts'
import { address, link } from '../state/address.ts'
import { ledgerProblem, ledgerRuns, revelation, trace, verification } from '../state/trace.ts'

export const verdicts = {
  complete: { sign: '✓', text: 'complete', says: 'All spans arrived, once and unchanged' },
  incomplete: { sign: '◌', text: 'incomplete', says: 'Spans are missing' },
  altered: { sign: '≠', text: 'altered', says: 'All spans arrived, but something of them changed' },
  absent: { sign: '∅', text: 'absent', says: 'Nothing arrived, or nothing was sampled' },
  forgotten: { sign: '?', text: 'forgotten', says: 'trace-inspector does not know any more what came' },
} as const

/** The first line: verdict, one sentence, figures. */
export function TraceHead({ isExam = false }: { isExam?: boolean }): VNode {
  const model = trace.value
  const run = ledgerRuns.value[0]
  const title = run?.scenario ?? 'Trace'
  return html`<header class="trace-head">
    <div class="trace-title">
      <h1>${title}</h1>
      ${!isExam && html`<${Verdict} />`}
      <span class="spacer"></span>
      ${!isExam && html`<${Actions} />`}
    </div>
    ${!isExam && html`<p class="sentence">${revelation.value?.text ?? ''}</p>`}
    <ul class="figures" aria-label="Figures">
      ${
        model &&
        html`<li><b>${ms(model.extent.end - model.extent.start)}</b> long</li>
          <li><b>${whole(model.columns.id.length)}</b> spans</li>
          <li class="services">
            ${model.columns.services.map((name, place) => html`<span><i class=${`dot hue-${place % 6}`}></i>${name}</span>`)}
          </li>`
      }
      ${
        run &&
        html`<li>seed <code>${run.seed}</code></li>
          <li class="dim">${new Date(run.started_ms).toLocaleTimeString()}</li>`
      }
    </ul>
  </header>`
}

function Verdict(): VNode {
  const verdict = verification.value
  if (!verdict)
    return html`<span class="badge is-unknown" title=${ledgerProblem.value}>
      ${ledgerProblem.value ? '– no ledger' : html`<i class="spinner" aria-hidden="true"></i> verifying`}
    </span>`
  if (verdict.run === 'running')
    return html`<span class="badge is-unknown"><i class="spinner" aria-hidden="true"></i> still running</span>`
  const { sign, text, says } = verdicts[verdict.verdict]
  return html`<span class=${`badge is-${verdict.verdict}`} title=${says}>${sign} ${text}</span>`
}

function Actions(): VNode {
  const [copied, setCopied] = useState(false)
  const run = ledgerRuns.value[0]
  const params = run
    ? Object.fromEntries(
        Object.entries({ ...run.params, seed: run.seed }).map(([name, value]) => [name, String(value)]),
      )
    : {}
  return html`<span class="actions">
    ${run && html`<a class="tool" ...${link({ page: 'run', scenario: run.scenario, params })}>Run again</a>`}
    <a
      class="tool"
      href=${`/traces/${address.value.trace}/chrome`}
      download
      title="Chrome trace JSON: ui.perfetto.dev opens it"
    >
      Perfetto
    </a>
    <button
      type="button"
      class="tool"
      onClick=${async () => {
        // Browsers have no clipboard for pages that come over plain HTTP from another machine.
        await navigator.clipboard?.writeText(location.origin + formatAddress(address.value))
        setCopied(navigator.clipboard !== undefined)
      }}
    >
      <span role="status">${copied ? 'Copied' : 'Copy link'}</span>
    </button>
  </span>`
}
