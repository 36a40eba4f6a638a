import type { ToolArguments } from 'contract/tools'

/** Draws of a question until it gets a number, where it has been asked: there is less to search for than may be asked. */
const mostTries = 100

/** What an agent has asked its tools: nothing twice, or the same answer again would look like a fault. */
export class Questions {
  readonly #asked = new Set<string>()

  /** Draws until it is a question that this tool was not asked; `number` is one that no other question has. */
  ask(tool: string, number: number, draw: () => ToolArguments): ToolArguments {
    for (let tries = 1; ; tries++) {
      const drawn = draw()
      const isNumbered = tries > mostTries && 'query' in drawn
      const given = isNumbered ? { ...drawn, query: `${String(drawn.query)} ${number}` } : drawn
      const question = `${tool} ${JSON.stringify(given)}`
      if (this.#asked.has(question)) continue
      this.#asked.add(question)
      return given
    }
  }
}
