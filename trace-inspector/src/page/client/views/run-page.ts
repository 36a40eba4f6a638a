import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { address, go, note } from '../state/address.ts'
import type { Fault } from '../state/api.ts'
import { count } from '../../model/format.ts'
import { agentFor, agents, agentsProblem, scenarioFor, scenariosOf } from '../state/agents.ts'
import { playRun, progress, runProblem, faults } from '../state/run.ts'
import { Progress } from './progress.ts'
import { Recent } from './recent.ts'
import { fields } from './run-form.ts'

const saying = ({ parameter, value, expected }: Fault) => `${parameter}=${value ?? ''}: expected ${expected}`

/** Pick an agent, a scenario and its parameters, and run it. */
export function RunPage(): VNode {
  const { agent: wanted, scenario: name, params } = address.value
  const agent = agentFor(wanted)
  const list = scenariosOf.value[agent?.id ?? ''] ?? []
  const scenario = scenarioFor(wanted, name) ?? list[0]

  const elsewhere = faults.value.filter(
    ({ parameter }) => !Object.hasOwn(scenario?.parameters.properties ?? {}, parameter),
  )
  const problem =
    faults.value.length > elsewhere.length
      ? [`${count(faults.value.length - elsewhere.length, 'field')} to mend`, ...elsewhere.map(saying)].join('; ')
      : runProblem.value

  async function run(event: Event): Promise<void> {
    event.preventDefault()
    if (!agent || !scenario) return
    const result = await playRun(agent.id, scenario, params)
    if (result && address.peek().page === 'run') go({ page: 'trace', trace: result.trace_id })
    else if (!result) document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }
  const change = (field: string, value: string) => {
    faults.value = faults.value.filter(({ parameter }) => parameter !== field)
    note({ params: { ...params, [field]: value } })
  }

  return html`<div class="run-page">
    <section class="chooser" aria-labelledby="run-title">
      <h1 id="run-title">Run a scenario</h1>
      <p class="lead">
        Each leaves a real trace of which the right answer is known. Look at it, and see what an average hides.
      </p>
      ${agentsProblem.value && html`<p class="problem" role="alert">${agentsProblem.value}</p>`}
      <ul class="scenarios" aria-label="Scenarios">
        ${list.map(
          (each) =>
            html`<li>
              <button
                type="button"
                aria-pressed=${each === scenario}
                onClick=${() => (note({ scenario: each.name, params: {} }), (faults.value = []), (runProblem.value = ''))}
              >
                <b>${each.name}</b><span>${each.description}</span>
              </button>
            </li>`,
        )}
      </ul>
    </section>
    ${
      scenario &&
      html`<form class="run-form" onSubmit=${run} novalidate aria-label=${`Run ${scenario.name}`}>
        <header>
          <h2>${scenario.name}</h2>
          <p class="dim">${scenario.symptom}</p>
        </header>
        <div class="fields">
          <div class="field">
            <label for="agent">agent</label>
            <select
              id="agent"
              value=${agent?.id}
              onInput=${(event: Event) => note({ agent: (event.target as HTMLSelectElement).value })}
            >
              ${agents.value.map(
                ({ id, service, prefix, is_up }) =>
                  html`<option value=${id} disabled=${!is_up}>
                    ${service || id}${prefix ? ` · ${prefix}` : ''}${is_up ? '' : ' (does not answer)'}
                  </option>`,
              )}
            </select>
            <p class="hint">Who runs it, at ${agent?.id}</p>
          </div>
          ${fields(scenario, params, change)}
        </div>
        <footer>
          <button class="primary" type="submit" disabled=${progress.value !== null}>▶ Run ${scenario.name}</button>
          <button
            type="button"
            class="secondary"
            onClick=${() => go({ page: 'exam', agent: wanted, scenario: scenario.name, params })}
          >
            As an exam
          </button>
          <span class="dim"
            >${scenario.spans.agent_app} spans of the agent, ${scenario.spans.tool_service} of the tools</span
          >
        </footer>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
        <${Progress} />
      </form>`
    }
    <${Recent} />
  </div>`
}
