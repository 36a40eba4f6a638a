import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { count, ms } from 'findings/format'
import { go } from '../state/address.ts'
import { cancelRun, progress } from '../state/run.ts'

/** Shows that a run is alive: for how long, how far, and of a stream its tokens beside the background work. */
export function Progress(): VNode | null {
  const run = progress.value
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    if (!run) return undefined
    const timer = setInterval(() => setNow(Date.now()), 100)
    return () => clearInterval(timer)
  }, [run === null])
  const box = useRef<HTMLElement>(null)
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [run === null, run?.tools.length === 1])
  if (!run) return null
  const failed = run.tools.filter(({ ok }) => !ok).length
  return html`<section class="progress" ref=${box} aria-label="Run in progress">
    <p class="pulse">
      <i class="spinner" aria-hidden="true"></i>
      <b>${run.scenario}</b> runs for <span class="number">${((now - run.startedAt) / 1000).toFixed(1)} s</span>
      ${run.steps > 0 && html`<span class="dim">· ${count(run.steps, 'step')} so far</span>`}
      <span class="spacer"></span>
      ${
        run.traceId &&
        html`<button type="button" class="tool" onClick=${() => go({ page: 'trace', trace: run.traceId })}>
          Look at it now
        </button>`
      }
      <button type="button" class="tool" onClick=${cancelRun}>Cancel</button>
    </p>
    ${
      run.tokens.length + run.tools.length > 0 &&
      html`<div class="streaming">
        <div>
          <h3>Tokens</h3>
          <p class="tokens">${run.tokens.join(' ')}<span class="caret" aria-hidden="true"></span></p>
        </div>
        <div>
          <h3>
            Background work
            <span class="dim">${count(run.tools.length, 'call')} done${failed > 0 ? `, ${failed} failed` : ''}</span>
          </h3>
          <ol class="calls">
            ${run.tools
              .slice(-8)
              .reverse()
              .map(
                ({ index, tool, ok, duration_ms }) =>
                  html`<li class=${ok ? '' : 'is-failed'}>
                    <span>${ok ? '✓' : '✕'} ${tool} <span class="dim">#${index}</span></span
                    ><span class="number">${ms(duration_ms)}</span>
                  </li>`,
              )}
          </ol>
        </div>
      </div>`
    }
  </section>`
}
