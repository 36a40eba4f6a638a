/** The tools that agents have, and what a model is told of them. */
export const toolDescriptions: ReadonlyMap<string, string> = new Map([
  ['search', 'Searches the web'],
  ['database', 'Queries the records'],
  ['calculator', 'Evaluates an expression'],
  ['calendar', 'Looks up and books dates'],
  ['mail', 'Reads and sends mail'],
])
export const toolNames: readonly string[] = [...toolDescriptions.keys()]

/** All that answers an agent: its tools, and what only one scenario has. */
export const allTools = [...toolNames, 'knowledge_base', 'aggregate']

/** The tool of the worker with this index. */
export function toolOf(index: number): string {
  return toolNames[index % toolNames.length] as string
}
