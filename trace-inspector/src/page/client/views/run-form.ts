import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { ParameterSchema, Scenario } from '../state/agents.ts'
import { faults } from '../state/run.ts'

/** One field for each parameter, as the scenario's own schema describes it. */
export function fields(
  scenario: Scenario,
  values: Readonly<Record<string, string>>,
  change: (name: string, value: string) => void,
): VNode[] {
  return Object.entries(scenario.parameters.properties).map(([name, schema]) =>
    field(name, schema, scenario.defaults[name], values[name] ?? '', change),
  )
}

function field(
  name: string,
  schema: ParameterSchema,
  preset: string | number | boolean | undefined,
  value: string,
  change: (name: string, value: string) => void,
): VNode {
  const fault = faults.value.find(({ parameter }) => parameter === name)
  const id = `param-${name}`
  const common = {
    id,
    name,
    'aria-invalid': fault ? 'true' : undefined,
    'aria-describedby': `${id}-hint${fault ? ` ${id}-fault` : ''}`,
    onInput: (event: Event) => change(name, (event.target as HTMLInputElement).value),
  }
  const words = schema.enum ?? (schema.type === 'boolean' ? ['true', 'false'] : undefined)
  return html`<div class=${`field ${fault ? 'is-wrong' : ''}`}>
    <label for=${id}>${name}</label>
    ${
      words
        ? html`<select ...${common} value=${value || String(preset ?? '')}>
            ${words.map((word) => html`<option value=${word}>${word}</option>`)}
          </select>`
        : html`<input
            ...${common}
            type="text"
            autocomplete="off"
            spellcheck=${false}
            inputmode=${schema.type === 'integer' ? 'numeric' : schema.type === 'number' ? 'decimal' : 'text'}
            value=${value}
            placeholder=${preset === undefined ? (name === 'seed' ? 'drawn' : 'none') : String(preset)}
          />`
    }
    <p class="hint" id=${`${id}-hint`}>${schema.description}${rangeOf(schema)}</p>
    ${fault && html`<p class="fault" id=${`${id}-fault`}>✕ ${fault.value ?? ''}: expected ${fault.expected}</p>`}
  </div>`
}

const rangeOf = ({ minimum, maximum }: ParameterSchema) =>
  minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
    ? html` <span class="range">${minimum} – ${maximum}</span>`
    : ''
