import type { RunRequest } from '../run.ts'
import { type InForce, ruleOf } from './register.ts'
import { replay, type Replay } from './replay.ts'

/**
 * The replays of one run, each played once. Of two faults, the run without the one is the run with the other alone; unless there
 * may be others that nobody knows of: a fault that ends work early hides them, or they strike a part that others play.
 */
export class Replays {
  readonly all: Replay
  readonly none: Replay
  readonly #request: RunRequest
  readonly #played = new Map<string, Replay>()

  /** Plays the run with all of its faults, and with none. */
  static async of(request: RunRequest): Promise<Replays> {
    const [all, none] = (await replay(request, ['all', 'none'])) as [Replay, Replay]
    return new Replays(request, all, none)
  }

  private constructor(request: RunRequest, all: Replay, none: Replay) {
    this.#request = request
    this.all = all
    this.none = none
    this.#played.set(this.#nameOf('all'), all).set(this.#nameOf('none'), none)
  }

  /** The run by each of these rules. */
  async of(rules: readonly InForce[]): Promise<Replay[]> {
    const names = rules.map((rule) => this.#nameOf(rule))
    const missing = new Map(names.map((name, index) => [name, rules[index] as InForce]))
    for (const name of this.#played.keys()) missing.delete(name)
    const played = await replay(this.#request, [...missing.values()])
    for (const [index, name] of [...missing.keys()].entries()) this.#played.set(name, played[index] as Replay)
    return names.map((name) => this.#played.get(name) as Replay)
  }

  #nameOf(rule: InForce): string {
    const { faults, hasParts } = this.all
    if (hasParts || faults.some(({ mayHide }) => mayHide)) return JSON.stringify(rule)
    const isInForce = ruleOf(rule)
    return JSON.stringify(faults.filter(({ id }) => isInForce(id)).map(({ id }) => id))
  }
}
