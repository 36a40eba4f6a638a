import { html } from 'htm/preact'
import type { VNode } from 'preact'
export function Compare(): VNode { return html`<p>…</p>` }
