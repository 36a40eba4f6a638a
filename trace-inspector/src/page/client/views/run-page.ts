import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { address, go, note } from '../state/address.ts'
import type { Fault } from '../state/api.ts'
import { count } from 'findings/format'
import {
  agentFor,
  agents,
  agentsProblem,
  isWithoutAgents,
  type Scenario,
  scenarioFor,
  scenariosOf,
} from '../state/agents.ts'
import { mayBeFaulty } from '../../model/exam.ts'
import { playRun, progress, runProblem, faults } from '../state/run.ts'
import { Progress } from './progress.ts'
import { Recent } from './recent.ts'
import { fields } from './run-form.ts'
import { h } from '../h.ts'

const saying = ({ parameter, value, expected }: Fault) => `${parameter}=${value ?? ''}: expected ${expected}`

/** Where nothing can be run, there are traces to look at. */
const withoutAgents = () =>
  html`<div class="run-page">
    <h1>Traces</h1>
    ${h(Recent, {})}
  </div>`

/** Pick an agent, a scenario and its parameters, and run it. */
export function RunPage(): VNode {
  if (isWithoutAgents.value) return withoutAgents()
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

  const choose = (each: Scenario) => {
    note({ scenario: each.name, params: {} })
    faults.value = []
    runProblem.value = ''
  }
  /** One stop of Tab for all of them: arrows choose. */
  const onArrow = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
    const next = by && scenario && list.at((list.indexOf(scenario) + by) % list.length)
    if (!next) return
    event.preventDefault()
    choose(next)
    const radios = (event.currentTarget as HTMLElement).children
    ;(radios[list.indexOf(next)] as HTMLElement).focus()
  }

  return html`<div class="run-page">
    <section class="chooser" aria-labelledby="run-title">
      <h1 id="run-title">Run a scenario</h1>
      <p class="lead">
        Each leaves a real trace of which the right answer is known. Look at it, and see what an average hides.
      </p>
      ${agentsProblem.value && html`<p class="problem" role="alert">${agentsProblem.value}</p>`}
      <div class="scenarios" role="radiogroup" aria-label="Scenarios" onKeyDown=${onArrow}>
        ${list.map(
          (each) =>
            html`<button
              type="button"
              role="radio"
              aria-checked=${each === scenario}
              tabindex=${each === scenario ? 0 : -1}
              onClick=${() => choose(each)}
            >
              <b>${each.name}</b><span>${each.description}</span>
            </button>`,
        )}
      </div>
    </section>
    ${
      scenario &&
      html`<form class="run-form" onSubmit=${run} novalidate aria-label=${`Run ${scenario.name}`}>
        <header>
          <h2>${scenario.name}</h2>
          <p class="dim">${scenario.symptom}</p>
          <p class="run-actions">
            <button class="primary" type="submit" disabled=${progress.value !== null}>▶ Run ${scenario.name}</button>
            <button
              type="button"
              class="secondary"
              disabled=${!mayBeFaulty(scenario.name, params)}
              title=${mayBeFaulty(scenario.name, params) ? '' : 'Nothing is ever wrong with it at level 1'}
              onClick=${() => go({ page: 'exam', agent: wanted, scenario: scenario.name, params })}
            >
              As an exam
            </button>
            <span class="dim"
              >${scenario.spans.agent_app} spans of the agent, ${scenario.spans.tool_service} of the tools</span
            >
          </p>
          ${problem && html`<p class="problem" role="alert">${problem}</p>`} ${h(Progress, {})}
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
      </form>`
    }
    ${h(Recent, {})}
  </div>`
}
