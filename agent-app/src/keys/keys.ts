import { workOf } from 'engine/key/impacts'
import { keyOf } from 'engine/key/key'
import type { Run } from 'engine/run'
import { JudgeThread } from './thread.ts'

/** What is played again before a run is answered, steps: some tens of milliseconds. */
const most = { steps: 5000, work: 20_000 }

/** Of a large run it is known at once what was planted, and not what it cost. */
const unjudged = () => Promise.resolve({})

/** The keys of this process's runs: those of small runs with their answers, those of large ones once somebody asks again. */
export class Keys {
  readonly #thread = new JudgeThread()
  readonly #underWay = new WeakMap<Run, Promise<void>>()

  /** Gives a run that has ended its key, or says that it is pending. */
  async answer(run: Run): Promise<void> {
    const steps = run.ledger.steps.length
    const isLarge = steps > most.steps || workOf(steps, run.faults.faults.length) > most.work
    const key = await keyOf(run, isLarge ? { judge: unjudged } : {})
    run.key = isLarge ? 'pending' : key
    run.tell(key)
  }

  /** Somebody asks for this run: what is pending is begun in a thread beside. Resolves when the run has its key. */
  async ask(run: Run): Promise<void> {
    if (run.key !== 'pending') return
    const underWay = this.#underWay.get(run) ?? this.#judge(run)
    this.#underWay.set(run, underWay)
    await underWay
  }

  async #judge(run: Run): Promise<void> {
    try {
      const key = await keyOf(run, { judge: this.#thread.judge })
      run.key = key
      run.tell(key)
    } catch (error) {
      console.error(`The key of ${run.traceId} failed:`, error)
      this.#underWay.delete(run)
    }
  }
}
