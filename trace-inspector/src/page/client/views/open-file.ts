import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { signal } from '@preact/signals'
import { percent } from 'findings/format'
import { address, go } from '../state/address.ts'
import { announce } from '../state/announce.ts'
import { openFiles, outcomes, type Outcome, upload } from '../state/file.ts'

const isOver = signal(false)

/** Opens files where what comes of them is seen, and then the one trace that came, if it is one alone. */
async function open(files: Iterable<File>): Promise<void> {
  if (address.peek().page !== 'run') go({ page: 'run' })
  const traceId = await openFiles(files)
  announce(
    outcomes
      .peek()
      .map(({ name, said, problem }) => [name, problem, ...said].join(' '))
      .join(' '),
  )
  if (traceId !== null && address.peek().page === 'run') go({ page: 'trace', trace: traceId })
}

/** Wherever on the page a file is dropped, it is opened; shows that it would be. */
export function DropZone(): VNode | null {
  useEffect(() => {
    const isMeant = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true
    const over = (event: DragEvent) => {
      if (!isMeant(event)) return
      // Without it the browser would leave this page for the file.
      event.preventDefault()
      isOver.value = true
    }
    const leave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) isOver.value = false
    }
    const drop = (event: DragEvent) => {
      if (!isMeant(event)) return
      event.preventDefault()
      isOver.value = false
      void open([...(event.dataTransfer?.files ?? [])])
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [])
  if (!isOver.value) return null
  return html`<div class="drop" aria-hidden="true"><p>Drop to open: OTLP JSON lines, gzipped or not</p></div>`
}

/** Picks a file, says how far it is, and what came of it. */
export function OpenFile(): VNode {
  const now = upload.value
  const box = useRef<HTMLElement>(null)
  // A file may be dropped where this is out of sight.
  useEffect(() => void (now && box.current?.scrollIntoView({ block: 'nearest' })), [now === null])
  const pick = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    const files = [...(input.files ?? [])]
    // The same file may be picked again.
    input.value = ''
    if (files.length > 0) void open(files)
  }
  return html`<div class="open-file" ref=${box}>
    ${
      now
        ? html`<p class="pulse">
            <label for="sending">Opening <b>${now.name}</b></label>
            <progress id="sending" max="1" value=${now.share}></progress>
            <span class="number">${percent(now.share)}</span>
            <button type="button" class="tool" onClick=${now.cancel}>Cancel</button>
          </p>`
        : html`<p class="dim">
            <label class="tool pick"
              >Open a file<input type="file" multiple class="sr" aria-describedby="file-hint" onChange=${pick}
            /></label>
            <span id="file-hint">or drop it anywhere here: OTLP JSON lines, gzipped or not</span>
          </p>`
    }
    ${outcomes.value.map(outcome)}
  </div>`
}

const outcome = ({ name, said, problem }: Outcome) =>
  html`${problem && html`<p class="problem" role="alert"><b>${name}</b>: ${problem}</p>`}
  ${said.length > 0 && html`<p><b>${name}</b>: ${said.join(' ')}</p>`}`
