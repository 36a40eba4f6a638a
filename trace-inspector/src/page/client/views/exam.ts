import { html } from 'htm/preact'
import type { VNode } from 'preact'
export function ExamPage(): VNode { return html`<p>…</p>` }
