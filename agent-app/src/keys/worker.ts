// Judges faults in a thread of its own, one run after the other.
import { parentPort } from 'node:worker_threads'
import { judge } from 'engine/key/impacts'
import { scenarios } from 'engine/scenarios/index'
import type { JudgeAnswer, JudgeQuestion } from './thread.ts'

if (!parentPort) throw new Error('This is to be started as a worker thread')
const port = parentPort

port.on('message', async ({ id, request }: JudgeQuestion) => {
  const answer = (rest: Omit<JudgeAnswer, 'id'>) => port.postMessage({ id, ...rest } satisfies JudgeAnswer)
  try {
    const scenario = scenarios.find(({ name }) => name === request.scenario)
    if (!scenario) throw new Error(`There is no scenario ${request.scenario}`)
    answer({ judgements: await judge({ ...request, scenario }) })
  } catch (error) {
    answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
