import { html } from 'htm/preact'
import type { VNode } from 'preact'
export function Verify(): VNode { return html`<p>…</p>` }
