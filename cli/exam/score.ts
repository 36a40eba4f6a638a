import { score } from 'exam/score'
import { defineCommand, UsageError } from '../command.ts'
import { readAnswers, readKeyOf, readQuestions } from './files.ts'
import { renderScore } from './report.ts'

export const scoreCommand = defineCommand({
  name: 'npm run exam -- score',
  description: 'Scores answers by the key of an exam',
  args: {
    exam: { type: 'positional', required: true, description: 'the folder' },
    answers: { type: 'positional', required: true, description: 'answers.jsonl' },
    key: { type: 'string', valueHint: 'FILE', description: 'key.jsonl', required: true },
    json: { type: 'boolean', description: 'as JSON' },
    min: {
      type: 'string',
      valueHint: 'SHARE',
      description: 'exits with 1 where a smaller share of all questions is right, such as 0.9',
      default: '0',
    },
  },
  notes: 'docs/exam.md says what the figures mean.',
  run({ exam, answers, key, json, min }) {
    const least = readShare('--min', min)
    const questions = readQuestions(exam)
    const scored = score(questions, readKeyOf(exam, key, questions), readAnswers(answers, questions))
    console.log(json ? JSON.stringify(scored, null, 2) : renderScore(scored))
    return (scored.exact.share ?? 0) >= least ? 0 : 1
  },
})

function readShare(option: string, value: string): number {
  const share = value.trim() === '' ? Number.NaN : Number(value)
  if (share >= 0 && share <= 1) return share
  throw new UsageError(`${option} ${value}: expected a number from 0 to 1`)
}
