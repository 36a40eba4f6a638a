// npm run exam: makes an exam of simulated runs, answers it by rules that anybody could write, and scores answers.
import { ExamError } from 'exam/read'
import { SimulateError } from 'simulate/error'
import { runCommand } from './command.ts'
import { baselinesCommand } from './exam/baselines.ts'
import { makeCommand } from './exam/make.ts'
import { scoreCommand } from './exam/score.ts'
import { tableCommand } from './exam/table.ts'
import { enterTypedFolder } from './typed-folder.ts'

const usage = `npm run exam -- make        makes an exam: a folder to hand out, and its key
npm run exam -- baselines   answers it by rules of one line, by reveal, and by detectors that know what is usual
npm run exam -- score       scores answers by the key
npm run exam -- table       lets everybody sit exams of all scenarios and levels

Each says more with --help; docs/exam.md says what is in the files.`

enterTypedFolder()
const [first = '', ...rest] = process.argv.slice(2)
try {
  switch (first) {
    case 'make':
      await runCommand(makeCommand, rest)
      break
    case 'baselines':
      await runCommand(baselinesCommand, rest)
      break
    case 'table':
      await runCommand(tableCommand, rest)
      break
    case 'score':
      await runCommand(scoreCommand, rest)
      break
    default: {
      const isHelp = first === '--help' || first === '-h'
      ;(isHelp ? console.log : console.error)(usage)
      process.exitCode = isHelp ? 0 : 2
    }
  }
} catch (error) {
  if (!(error instanceof ExamError || error instanceof SimulateError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
