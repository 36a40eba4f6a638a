import { Worker } from 'node:worker_threads'
import type { Judgements } from 'engine/key/impacts'
import type { RunRequest } from 'engine/run'

/** What crosses: a scenario by its name, for functions do not. */
export interface JudgeQuestion {
  id: number
  request: Omit<RunRequest, 'scenario'> & { scenario: string }
}
export interface JudgeAnswer {
  id: number
  judgements?: Judgements
  /** Why there are none, for a log. */
  error?: string
}

/** Judges faults in a thread beside this one, which is there from the first question on and keeps no process alive. */
export class JudgeThread {
  readonly #waiting = new Map<number, { resolve: (judgements: Judgements) => void; reject: (error: Error) => void }>()
  #worker: Worker | undefined
  #asked = 0

  /** As `judge`, of a scenario that is registered. Rejects when the thread cannot say. */
  readonly judge = (request: RunRequest): Promise<Judgements> => {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.postMessage({ id, request: { ...request, scenario: request.scenario.name } } satisfies JudgeQuestion)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', ({ id, judgements, error }: JudgeAnswer) => {
      const asked = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (judgements) asked?.resolve(judgements)
      else asked?.reject(new Error(error))
    })
    const end = (error: Error) => {
      this.#worker = undefined
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
    }
    worker.on('error', end)
    worker.on('exit', (code) => end(new Error(`The thread that judges faults ended with ${code}`)))
    return worker
  }
}
