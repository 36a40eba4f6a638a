import type { Handed, Part } from 'contract/handoff'
import type { Random } from 'contract/random'
import type { Clock, HandOver, OpenSpan, Peers, WholeRun } from '../ports.ts'
import type { Run } from '../run.ts'
import { wayMs } from './tools.ts'

/** Makes the run of a part, below a span where the trace goes on. */
export type MakePart = (run: WholeRun, part: Part, below: OpenSpan | undefined) => Run

/** Other agents in the same process and time, a network away. */
export class VirtualPeers implements Peers {
  readonly address = { server_address: 'agent-app-secondary', server_port: 8080 }
  /** The parts that were begun so far. */
  readonly parts: Run[] = []
  readonly #clock: Clock
  readonly #make: MakePart
  readonly #network: Random | undefined

  /** Without a network, what is handed over is there at once. */
  constructor(clock: Clock, make: MakePart, network?: Random) {
    this.#clock = clock
    this.#make = make
    this.#network = network
  }

  async handOver({ run, part, carriesContext }: HandOver, span: OpenSpan, signal: AbortSignal): Promise<Handed> {
    await this.#clock.sleep(wayMs(this.#network), signal)
    const played = await this.#play(run, part, carriesContext ? span : undefined)
    await this.#clock.sleep(wayMs(this.#network), signal)
    return played.handed
  }

  /** Goes on with a run that has ended for now, once its person has answered; nothing happens where nobody was asked. */
  async resume(ended: Run): Promise<void> {
    const { suspended, whole } = ended
    if (!suspended) return
    await this.#clock.sleep(suspended.afterMs, new AbortController().signal)
    const resumed = await this.#play(whole, suspended.part, undefined)
    ended.resumedIn = resumed.traceId
  }

  async #play(whole: WholeRun, part: Part, below: OpenSpan | undefined): Promise<Run> {
    const run = this.#make(whole, part, below)
    this.parts.push(run)
    await run.play()
    run.close()
    return run
  }
}
