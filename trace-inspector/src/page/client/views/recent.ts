import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import type { summaryOf } from '../../../columns.ts'
import { count, ms, whole } from 'findings/format'
import { link } from '../state/address.ts'
import { getJson, messageOf } from '../state/api.ts'
import { upload } from '../state/file.ts'
import { OpenFile } from './open-file.ts'
import { h } from '../h.ts'

type Summary = ReturnType<typeof summaryOf>

/** What trace-inspector did not take. */
interface NotTaken {
  rejected_spans: number
  refused_requests: number
  last_refusal: string | null
}

const recent = signal<Summary[]>([])
/** How many traces there are, and how many of them are asked for. */
const all = signal(0)
const most = signal(30)
const notTaken = signal<NotTaken | null>(null)
const problem = signal('')
/** More rows than this nobody reads. */
const mostRows = 3000

async function load(): Promise<void> {
  try {
    const answer = await getJson<{ traces: number; recent: Summary[] } & NotTaken>(`/traces?limit=${most.peek()}`)
    recent.value = answer.recent
    all.value = answer.traces
    notTaken.value = answer.last_refusal === null ? null : answer
    problem.value = ''
  } catch (error) {
    problem.value = messageOf(error)
  }
}

const refusals = ({ rejected_spans, refused_requests, last_refusal }: NotTaken) =>
  html`<p class="problem">
    Turned down so far: ${count(rejected_spans, 'span')} and ${count(refused_requests, 'whole request')}. The last
    because of ${last_refusal}
  </p>`

/** A file may be of any day. */
const started = (at: Date) =>
  at.toDateString() === new Date().toDateString() ? at.toLocaleTimeString() : at.toLocaleString()

/** Traces that came last, newest first. */
export function Recent(): VNode {
  const isOpening = upload.value !== null
  // At once when a file has been opened, too.
  useEffect(() => {
    void load()
    const timer = setInterval(() => document.visibilityState === 'visible' && void load(), 5000)
    return () => clearInterval(timer)
  }, [isOpening, most.value])
  return html`<section class="recent" aria-labelledby="recent-title">
    <h2 id="recent-title">Recent traces</h2>
    ${h(OpenFile, {})} ${problem.value && html`<p class="problem">${problem.value}</p>`}
    ${notTaken.value && refusals(notTaken.value)}
    ${
      recent.value.length === 0
        ? html`<p class="dim">None yet. Run a scenario, open a file, or point an OTLP/HTTP exporter here.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Table of recent traces">
            <table>
              <thead>
                <tr>
                  <th scope="col">Trace</th>
                  <th scope="col" class="number">Spans</th>
                  <th scope="col" class="number">Took</th>
                  <th scope="col">Started</th>
                  <th scope="col">Services</th>
                </tr>
              </thead>
              <tbody>
                ${recent.value.map(
                  (each) =>
                    html`<tr>
                      <th scope="row">
                        <a ...${link({ page: 'trace', trace: each.trace_id })}
                          >${typeof each.scenario === 'string' ? each.scenario : each.name || 'trace'}</a
                        >
                        <code>${each.trace_id.slice(0, 8)}</code>
                        ${each.errors > 0 && html`<span class="sign is-error">✕ ${whole(each.errors)} errors</span>`}
                      </th>
                      <td class="number">${whole(each.spans)}</td>
                      <td class="number">${ms(each.duration_ms)}</td>
                      <td>${each.start_ms === null ? '' : started(new Date(each.start_ms))}</td>
                      <td class="dim">${each.services.join(', ')}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    ${
      all.value > recent.value.length &&
      recent.value.length < mostRows &&
      html`<button type="button" class="tool" onClick=${() => (most.value = Math.min(mostRows, most.value * 10))}>
        Show more of ${whole(all.value)}
      </button>`
    }
  </section>`
}
