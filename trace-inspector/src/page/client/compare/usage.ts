import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { Usage, UsageFigures } from 'contract/usage'
import { count, dollars, whole } from 'findings/format'
import type { Look } from '../state/look.ts'

/** What model calls used and cost, as the spans say it, beside what the run itself knows. */
export function UsageTable({ look, usage }: { look: Look; usage: Usage }): VNode | null {
  if (usage.calls === 0) return null
  const [run, ...others] = look.trace.runs.value
  // Of several runs in a trace none has the whole.
  const known = others.length === 0 ? (run?.usage ?? null) : null
  const { agents, models, unreported_calls: unreported } = usage
  return html`<section class="card is-wide" aria-labelledby="usage-title">
    <h2 id="usage-title">Tokens and cost</h2>
    <p class="dim">
      Each model call once, wherever its spans say what it used.
      ${unreported > 0 && ` ${count(unreported, 'call')} ${unreported === 1 ? 'says' : 'say'} it nowhere: all sums are lower bounds.`}
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of tokens">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            ${columns.map(({ title }) => html`<th scope="col" class="number">${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${row('By the trace', usage, known)} ${known && row('By the run itself', known)}
          ${Object.entries(agents).map(([name, figures]) => row(name, figures))}
          ${Object.entries(models).map(([name, figures]) => row(name, figures))}
        </tbody>
      </table>
    </div>
  </section>`
}

const columns: readonly { title: string; of: (figures: UsageFigures) => string }[] = [
  { title: 'Calls', of: ({ calls }) => whole(calls) },
  { title: 'Billed retries', of: ({ billed_retries }) => whole(billed_retries) },
  { title: 'Input', of: ({ input_tokens }) => whole(input_tokens) },
  { title: 'From cache', of: ({ cached_tokens }) => whole(cached_tokens) },
  { title: 'To cache', of: ({ cache_write_tokens }) => whole(cache_write_tokens) },
  { title: 'Output', of: ({ output_tokens }) => whole(output_tokens) },
  { title: 'Reasoning', of: ({ reasoning_tokens }) => whole(reasoning_tokens) },
  { title: 'Cost', of: ({ cost_usd }) => (cost_usd === null ? '–' : dollars(cost_usd)) },
]

/** What is not as the run knows it stands out. */
function row(name: string, figures: UsageFigures, known: UsageFigures | null = null): VNode {
  return html`<tr>
    <th scope="row">${name}</th>
    ${columns.map(({ of }) => {
      const text = of(figures)
      const isOff = known !== null && of(known) !== text
      return html`<td class="number">${isOff ? html`<b class="sign is-error">≠ ${text}</b>` : text}</td>`
    })}
  </tr>`
}
