import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { ms } from 'findings/format'
import type { SessionTrace } from '../../../session/session.ts'
import { link } from '../state/address.ts'
import type { Look } from '../state/look.ts'

const signs = { begins: '', severed: '✂', resumes: '↪' } as const
const words = {
  begins: '',
  severed: 'the rest of another trace: its context was lost on the way',
  resumes: 'goes on with another trace, and links to it',
} as const

/** The traces of one session, one after the other, with the time in which nothing of it went on. */
export function SessionLine({ look }: { look: Look }): VNode | null {
  const session = look.trace.session.value
  if (!session || session.traces.length < 2) return null
  const here = look.trace.model.value?.columns.trace_id
  const severed = session.traces.filter(({ how }) => how === 'severed')
  const isStitchable = severed.some(({ belongs_to: [parent] }) => parent?.trace_id === here)
  return html`<nav class="session" aria-label="Session">
    <span class="dim"
      >Session ${session.conversation_id !== null && html`<code>${session.conversation_id}</code>`}</span
    >
    <ol>
      ${session.traces.map((each) => [each.idle_ms > 0 && idle(each), station(each, each.trace_id === here)])}
    </ol>
    ${
      isStitchable &&
      html`<button
        type="button"
        class="tool"
        aria-pressed=${look.trace.isStitched.value}
        onClick=${() => void look.trace.stitch(!look.trace.isStitched.value)}
      >
        Stitch what was severed
      </button>`
    }
  </nav>`
}

const idle = ({ idle_ms }: SessionTrace) =>
  html`<li class="idle" title="Nothing of it went on">${ms(idle_ms)} idle</li>`

function station(
  { trace_id, name, scenario, duration_ms, errors, how, known_by }: SessionTrace,
  isHere: boolean,
): VNode {
  const title = [
    words[how],
    known_by && `where it belongs, ${known_by === 'ledger' ? 'its ledger knows' : 'spans suggest'}`,
  ]
  return html`<li class=${how}>
    <a
      ...${link({ page: 'trace', trace: trace_id })}
      aria-current=${isHere ? 'page' : undefined}
      title=${title.filter(Boolean).join('; ')}
    >
      ${signs[how]} ${how === 'begins' && typeof scenario === 'string' ? scenario : name}${' '}
      <span class="dim">${ms(duration_ms)}</span>${errors > 0 && html` <b class="is-error">✕</b>`}
    </a>
  </li>`
}
