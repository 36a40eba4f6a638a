import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from '../command.ts'
import { filesOf, jsonLines, readQuestions } from './files.ts'
import { solversOf } from './solvers.ts'
import { readTraces } from './spans.ts'

export const baselinesCommand = defineCommand({
  name: 'npm run exam -- baselines',
  description:
    'Answers an exam by rules of one line, by reveal, and by detectors that know what is usual: a file of answers each',
  args: {
    exam: { type: 'positional', required: true, description: 'the folder' },
    out: {
      type: 'string',
      valueHint: 'FOLDER',
      description: 'where answers are written; baselines in the exam where absent',
    },
  },
  async run({ exam, out = filesOf(exam).baselines }) {
    const questions = readQuestions(exam)
    const traces = await readTraces(filesOf(exam).spans)
    mkdirSync(out, { recursive: true })
    for (const [name, answers] of solversOf(traces, questions))
      writeFileSync(join(out, `${name}.jsonl`), jsonLines(answers()))
    console.log(`${out}: a file for each`)
    return 0
  },
})
