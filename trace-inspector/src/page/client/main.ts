import { html, render } from 'htm/preact'
import { effect } from '@preact/signals'
import { onPageKey } from './look/keys.ts'
import { address } from './state/address.ts'
import { loadAgents } from './state/agents.ts'
import { openTrace } from './state/trace.ts'
import { App } from './views/app.ts'
import './state/theme.ts'

let traceId = ''
effect(() => {
  const { trace } = address.value
  if (trace !== '' && trace !== traceId) void openTrace(trace)
  traceId = trace
})
addEventListener('keydown', onPageKey)
render(html`<${App} />`, document.body)
void loadAgents()
