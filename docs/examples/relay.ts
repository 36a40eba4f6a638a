import { integer } from 'contract/scalars'
import { succeeded } from 'engine/errors'
import { defineScenario } from 'engine/scenario'
import { toolOf } from 'engine/tools'

export const relay = defineScenario({
  name: 'relay',
  description: 'A draft goes from one editor to the next; each looks something up and writes on',
  symptom: 'A short text takes long',
  missed: 'Every editor is quick, and so is every call of a tool',
  reveals: 'How many calls came one after the other, and what they add up to',
  finding: 'cumulative_latency',
  spans: { agent_app: '3 + 4 × editors', tool_service: 'editors' },
  params: { editors: integer({ min: 1, max: 100, default: 5, description: 'Editors' }) },
  demand: ({ editors }) => ({ callsAtOnce: 1, calls: editors, steps: 3 + 5 * editors }),
  run: async (workflow, { editors, delay_ms, error_rate }) => {
    for (let index = 0; index < editors; index++) {
      const edit = workflow.invokeAgent('editor', { index, facts: { worker_index: index } }, async (editor) => {
        await editor.executeTool(toolOf(index), { delayMs: delay_ms, errorRate: error_rate })
        await editor.chat()
      })
      if (!(await succeeded(edit))) return false
    }
    return true
  },
})
