/** The tools that agents have. */
export const toolNames: readonly string[] = ['search', 'database', 'calculator', 'calendar', 'mail']

/** All that answers an agent: its tools, and what only one scenario has. */
export { toolboxNames as allTools } from 'contract/toolbox'

/** The tool of the worker with this index. */
export function toolOf(index: number): string {
  return toolNames[index % toolNames.length] as string
}
