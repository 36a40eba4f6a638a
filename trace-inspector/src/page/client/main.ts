import { effect } from '@preact/signals'
import { render } from 'preact'
import { onPageKey } from './look/keys.ts'
import { address, note } from './state/address.ts'
import { loadAgents } from './state/agents.ts'
import { score } from './state/exam.ts'
import { Look } from './state/look.ts'
import { OpenTrace } from './state/trace.ts'
import { App } from './views/app.ts'
import { h } from './h.ts'
import './state/theme.ts'

const shown = new OpenTrace()
const look = new Look(shown, 'waterfall', { wanted: () => address.value.span, keep: (span) => note({ span }) })
let traceId = ''
effect(() => {
  const { trace } = address.value
  if (trace !== '' && trace !== traceId) void shown.open(trace)
  traceId = trace
})
effect(() => {
  if (score.value && shown.isSealed.peek()) void shown.unseal()
})
addEventListener('keydown', onPageKey)
render(h(App, { look }), document.body)
void loadAgents()
