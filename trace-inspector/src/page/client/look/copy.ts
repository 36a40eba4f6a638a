import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** Puts a text on the clipboard; false where the browser does not let us. */
async function copy(text: string): Promise<boolean> {
  // Pages that come over plain HTTP from another machine have no clipboard, but may copy what is selected.
  if (navigator.clipboard)
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  return isCopied
}

const shownMs = 2000
const icon = html`<svg viewBox="0 0 16 16" aria-hidden="true">
  <path d="M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3" />
</svg>`

/** A button that copies a text, and says so. `what` names the text; it is the button's own where `isNamed`. */
export function Copy({ text, what, isNamed = false }: { text: string; what: string; isNamed?: boolean }): VNode {
  const [said, say] = useState('')
  useEffect(() => say(''), [text])
  useEffect(() => {
    if (said === '') return undefined
    const timer = setTimeout(() => say(''), shownMs)
    return () => clearTimeout(timer)
  }, [said])
  return html`<button
    type="button"
    class=${isNamed ? 'tool' : 'copy'}
    title=${`Copy ${what}`}
    aria-label=${said || `Copy ${what}`}
    onClick=${async () => say((await copy(text)) ? 'Copied' : 'Not copied: the browser forbids it')}
  >
    <span role="status">${isNamed ? said || `Copy ${what}` : said ? (said === 'Copied' ? '✓' : '✕') : icon}</span>
  </button>`
}
