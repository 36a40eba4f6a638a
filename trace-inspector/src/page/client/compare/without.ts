import { html } from 'htm/preact'
import type { VNode } from 'preact'
export function Without(): VNode { return html`<p>…</p>` }
