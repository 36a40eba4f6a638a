import { workOf } from 'engine/key/impacts'
import { keyOf, type KeyOptions } from 'engine/key/key'
import { piecesOf } from 'engine/key/replay'
import type { Run } from 'engine/run'
import { JudgeThread } from './thread.ts'

/** What is played again before a run is answered: some tens of milliseconds. */
const most = { pieces: 5000, work: 20_000 }

/** Of a run whose key comes later it is known at once what was planted, and not what it cost. */
const unjudged = () => Promise.resolve({})

/**
 * The keys of this process's runs: those of small runs with their answers, those of large ones once somebody asks again, and
 * so those of blind ones, large or not: that their keys are late must not tell which have faults.
 */
export class Keys {
  readonly #thread = new JudgeThread()
  readonly #underWay = new WeakMap<Run, Promise<void>>()

  /** Gives a run that has ended its key, or says that it is pending. */
  async answer(run: Run): Promise<void> {
    const pieces = piecesOf(run.ledger.steps)
    const isLater = run.isBlind || pieces > most.pieces || workOf(pieces, run.faults.faults.length) > most.work
    await find(run, isLater ? { judge: unjudged } : {})
    if (isLater) run.key = 'pending'
  }

  /** Somebody asks for this run: what is pending is begun in a thread beside. Resolves when the run has its key. */
  async ask(run: Run): Promise<void> {
    if (run.key !== 'pending') return
    const underWay = this.#underWay.get(run) ?? find(run, { judge: this.#thread.judge })
    this.#underWay.set(run, underWay)
    await underWay
  }
}

/** Whatever goes wrong with its key, the run was played: it goes on without one. */
async function find(run: Run, options: KeyOptions): Promise<void> {
  try {
    const key = await keyOf(run, options)
    run.key = key
    run.tell(key)
  } catch (error) {
    console.error(`The key of ${run.traceId} failed:`, error)
    run.key = null
  }
}
