import type { Proportion } from 'exam/proportion'
import type { Score, Tally } from 'exam/score'
import { renderTable } from '../table.ts'

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** A share with its interval, as people read it: `92.0 % (88.4–94.6)`. */
export function shown({ share, interval, of }: Proportion): string {
  if (share === null || !interval) return '–'
  const [low, high] = interval.map((each) => (100 * each).toFixed(1))
  return `${percent(share)} (${low}–${high}) of ${of}`
}

/** A score as a table. */
export function renderScore(score: Score): string {
  const { detection, localisation, joint, faulty } = score
  const figures: [string, Proportion][] = [
    ['exact, all questions', score.exact],
    ['detection: precision', detection.precision],
    ['detection: recall', detection.recall],
    ['detection: false alarms on controls', detection.false_alarms],
    ['localisation: precision', localisation.precision],
    ['localisation: recall', localisation.recall],
    ['verdict, kind and spans all right', joint],
    ['faulty runs alone: exact', faulty.exact],
    ['faulty runs alone: spans', faulty.spans],
    ['faulty runs alone: all right', faulty.joint],
    ...tallies('type', score.by_type),
    ...tallies('subject', score.by_subject),
    ...tallies('scenario', score.by_scenario),
    ...tallies('level', score.by_level),
    ...tallies('tokens where told', score.by_quirk),
    ...tallies('spans where planted', score.by_kind),
  ]
  const columns = [{ title: '' }, { title: 'share (95 % interval)', align: 'right' as const }]
  const table = renderTable(
    columns,
    figures.map(([name, figure]) => [name, shown(figure)]),
  )
  return `${score.questions} questions, ${score.answered} answered, ${score.open} left open\n${table}`
}

const tallies = (what: string, of: Readonly<Record<string, Tally>>): [string, Proportion][] =>
  Object.entries(of).map(([name, { exact }]) => [`${what}: ${name}`, exact])
