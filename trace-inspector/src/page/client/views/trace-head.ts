import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Usage } from 'contract/usage'
import { dollars, whole, ms } from 'findings/format'
import { formatAddress } from '../../model/address.ts'
import { Copy } from '../look/copy.ts'
import { address, link } from '../state/address.ts'
import type { Look } from '../state/look.ts'
import { disturbedBy } from 'findings/planted'
import { PlantedBadge } from '../compare/planted.ts'
import { h } from '../h.ts'
import { SessionLine } from './session.ts'

export const verdicts = {
  complete: { sign: '✓', text: 'complete', says: 'All spans arrived, once and unchanged' },
  incomplete: { sign: '◌', text: 'incomplete', says: 'Spans are missing' },
  altered: { sign: '≠', text: 'altered', says: 'All spans arrived, but something of them changed' },
  absent: { sign: '∅', text: 'absent', says: 'Nothing arrived, or nothing was sampled' },
  queued: { sign: '…', text: 'queued', says: 'What is missing still waits to be sent' },
  elsewhere: { sign: '↗', text: 'elsewhere', says: 'Its spans go to another place' },
  no_ledger: { sign: '?', text: 'no ledger', says: 'No agent knows any more what the run did' },
  forgotten: { sign: '?', text: 'forgotten', says: 'trace-inspector does not know all that came' },
} as const

/** The first line: verdict, one sentence, figures. */
export function TraceHead({ look, isExam = false }: { look: Look; isExam?: boolean }): VNode {
  const model = look.trace.model.value
  const run = look.trace.runs.value[0]
  const title = run?.scenario ?? 'Trace'
  const usage = look.trace.revelation.value?.usage
  return html`<header class="trace-head">
    <div class="trace-title">
      <h1>${title}</h1>
      ${!isExam && h(Verdict, { look })}
      <span class="spacer"></span>
      ${!isExam && h(Actions, { look })}
    </div>
    ${!isExam && h(Finding, { look })} ${!isExam && h(SessionLine, { look })}
    ${!isExam && look.trace.verification.value?.note && html`<p class="excuse">${look.trace.verification.value.note}.</p>`}
    <ul class="figures" aria-label="Figures">
      ${
        model &&
        html`<li><b>${ms(model.extent.end - model.extent.start)}</b> long</li>
          <li><b>${whole(model.columns.id.length)}</b> ${model.columns.id.length === 1 ? 'span' : 'spans'}</li>
          <li class="services">
            ${model.columns.services.map((name, place) => html`<span><i class=${`dot hue-${place % 6}`}></i>${name}</span>`)}
          </li>`
      }
      ${!isExam && usage && usage.calls > 0 && tokensOf(usage)}
      ${
        run &&
        html`<li>seed <code>${run.seed}</code></li>
          <li class="dim">${new Date(run.started_ms).toLocaleTimeString()}</li>`
      }
    </ul>
  </header>`
}

/** Tokens and cost; a lower bound where a call says nowhere what it used. */
function tokensOf({ input_tokens, output_tokens, cost_usd, unreported_calls }: Usage): VNode {
  const least = unreported_calls > 0 ? 'at least ' : ''
  return html`<li class="usage">
    ${least}<b>${whole(input_tokens + output_tokens)}</b> tokens${cost_usd === null ? '' : `, ${dollars(cost_usd)}`}
  </li>`
}

/** What the spans reveal, and whether that is what was planted; where the machine had its say, that comes before all else. */
function Finding({ look }: { look: Look }): VNode {
  const planted = look.trace.planted.value
  const compared = planted === 'pending' ? null : planted
  const disturbed = compared?.disturbance ? disturbedBy(compared.disturbance) : look.trace.verification.value?.disturbed
  return html`${disturbed && html`<p class="excuse disturbed">${disturbed}.</p>`}
    <p class="sentence">${look.trace.isSealed.value ? sealed : (look.trace.revelation.value?.text ?? '')}</p>
    ${planted && html`<p class="planted-line">${h(PlantedBadge, { planted })} ${compared?.text}</p>`}`
}

const sealed = 'This is the trace of a blind run: what it knows is sealed until somebody has answered what is wrong'

function Verdict({ look }: { look: Look }): VNode {
  const verdict = look.trace.verification.value
  if (!verdict)
    return html`<span class="badge is-unknown" title=${look.trace.ledgerProblem.value}>
      ${look.trace.ledgerProblem.value ? '– not compared' : html`<i class="spinner" aria-hidden="true"></i> verifying`}
    </span>`
  if (verdict.run === 'running')
    return html`<span class="badge is-unknown"><i class="spinner" aria-hidden="true"></i> still running</span>`
  const { sign, text, says } = verdicts[verdict.verdict]
  return html`<span class=${`badge is-${verdict.verdict}`} title=${says}>${sign} ${text}</span>`
}

const downloads = [
  { form: 'otlp', name: 'OTLP JSON', use: 'to send to any collector or backend: POST it to its /v1/traces' },
  { form: 'jaeger', name: 'Jaeger JSON', use: 'for Jaeger’s page: Search, Upload' },
  { form: 'chrome', name: 'Perfetto', use: 'for ui.perfetto.dev: Open trace file' },
]

/** Escape closes it, and going elsewhere. */
function closeMenu(event: KeyboardEvent | FocusEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement
  const isOver =
    'key' in event ? event.key === 'Escape' : event.relatedTarget && !menu.contains(event.relatedTarget as Node)
  if (isOver) menu.open = false
}

function Actions({ look }: { look: Look }): VNode {
  const run = look.trace.runs.value[0]
  const params = run
    ? Object.fromEntries(
        Object.entries({ ...run.params, seed: run.seed }).map(([name, value]) => [name, String(value)]),
      )
    : {}
  return html`<span class="actions">
    ${run && html`<a class="tool" ...${link({ page: 'run', scenario: run.scenario, params })}>Run again</a>`}
    <details class="menu" onFocusOut=${closeMenu} onKeyDown=${closeMenu}>
      <summary class="tool">Download</summary>
      <ul>
        ${downloads.map(
          ({ form, name, use }) =>
            html`<li>
              <a href=${`/traces/${address.value.trace}/${form}`} download>${name}</a>
              <span class="dim">${use}</span>
            </li>`,
        )}
      </ul>
    </details>
    ${h(Copy, { text: location.origin + formatAddress(address.value), what: 'link', isNamed: true })}
  </span>`
}
