import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { keys, searches, showHelp } from '../look/keys.ts'
import { address, link } from '../state/address.ts'
import type { Address } from '../../model/address.ts'
import type { Look } from '../state/look.ts'
import { announcement } from '../state/announce.ts'
import { nextTheme, theme } from '../state/theme.ts'
import { ExamPage } from './exam.ts'
import { DropZone } from './open-file.ts'
import { RunPage } from './run-page.ts'
import { TracePage } from './trace-page.ts'
import { type Component, h } from '../h.ts'

const pages: Record<Address['page'], Component<{ look: Look }>> = { run: RunPage, trace: TracePage, exam: ExamPage }

export function App({ look }: { look: Look }): VNode {
  const { page } = address.value
  const here = (name: string) => (page === name ? 'page' : undefined)
  return html`<a class="skip" href="#main">Skip to content</a>
    <header class="top">
      <a class="brand" ...${link({ page: 'run' })}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 3.5h8M5 8h9M8 12.5h5" /></svg>trace-inspector
      </a>
      <nav aria-label="Pages">
        <a ...${link({ page: 'run' })} aria-current=${here('run')}>Run</a>
        <a ...${link({ page: 'exam' })} aria-current=${here('exam')}>Exam</a>
      </nav>
      <button type="button" class="tool theme" onClick=${nextTheme} aria-label=${`Colours: ${theme.value}`}>
        ${{ auto: '◐', light: '☀', dark: '☾' }[theme.value]} <span>${theme.value}</span>
      </button>
    </header>
    <main id="main" tabindex="-1">${h(pages[page], { look }, page)}</main>
    <div class="sr" role="status" aria-live="polite">${announcement.value}</div>
    ${h(Help, {})} ${h(DropZone, {})}`
}

function Help(): VNode {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (showHelp.value && !dialog.current?.open) dialog.current?.showModal()
    if (!showHelp.value && dialog.current?.open) dialog.current.close()
  }, [showHelp.value])
  return html`<dialog ref=${dialog} aria-label="Keys" onClose=${() => (showHelp.value = false)}>
    <h2>Keys</h2>
    <dl class="keys">
      ${keys.map(
        ({ keys: names, does }) =>
          html`<dt>${names.split(' ').map((key) => html`<kbd>${key}</kbd>`)}</dt>
            <dd>${does}</dd>`,
      )}
    </dl>
    <p class="dim">
      Those that walk and zoom work while the rows have the focus. Ctrl and the wheel zoom, a drag over the axis too.
    </p>
    <h2>Search</h2>
    <dl class="keys">
      ${searches.map(
        ({ typed, finds }) =>
          html`<dt><code>${typed}</code></dt>
            <dd>${finds}</dd>`,
      )}
    </dl>
    <button type="button" class="primary" onClick=${() => (showHelp.value = false)}>Close</button>
  </dialog>`
}
