import { askedAt, meaningOf } from 'exam/asked'
import { type Question, subjectOf } from 'exam/question'

/** What is in the folder, for whoever finds it. */
export function readme({
  level,
  runs,
  questions,
  draws,
}: {
  level: number
  runs: readonly { scenario: string }[]
  questions: readonly Question[]
  draws: number
}): string {
  const scenarios = Map.groupBy(runs, ({ scenario }) => scenario)
  const kinds = new Set([...scenarios.keys()].flatMap((name) => askedAt(level, name)?.kinds ?? []))
  return `# An exam for tools that read agents' traces

${runs.length} traces of level ${level}, half of them with nothing wrong, and ${questions.length} questions about them. No span says which are which.

${written(questions)}

What may be wrong:

${[...kinds].map((kind) => `- \`${kind}\`: ${meaningOf(kind).toLowerCase()}`).join('\n')}

Runs were drawn ${draws} times until they were what they are to be.
`
}

/** The files of an exam, how it is answered, and what is asked how often. */
export function written(questions: readonly Question[]): string {
  const subjects = Map.groupBy(questions, subjectOf)
  return `- \`spans.jsonl.gz\`: the spans, an OTLP export request in JSON a line.
- \`questions.jsonl\`: a question a line.
- \`key.sha256\`: the SHA-256 of the key, which is elsewhere.

Write a line \`{"question_id": …, "answer": …}\` for each question into \`answers.jsonl\`; \`"unknown"\` where one cannot tell. Then, here, with the key and a clone of synthetic-agent-infrastructure:

\`\`\`bash
npm --prefix CLONE run exam -- score . answers.jsonl --key key.jsonl
\`\`\`

What others answer from the same spans, a file each to be scored alike: rules of a line, and somebody who has learned from all of them what is usual. \`docs/exam.md\` has what they reach in exams of 300 traces.

\`\`\`bash
npm --prefix CLONE run exam -- baselines . --out answers
\`\`\`

${table([
  ['Asked for', 'Answer', 'Questions'],
  ...[...subjects].map(([subject, all]) => [subject, answers[subject] ?? '', String(all.length)]),
])}`
}

const answers: Readonly<Record<string, string>> = {
  verdict: '`"faulty"`, `"healthy"` or `"unknown"`',
  kind: 'a list of choices; `["none"]` for nothing',
  spans: 'a list of span ids, one for each culprit; `[]` for none',
  waited: 'a list of span ids; `[]` for none',
  entity: 'a list of names; `[]` for none',
  cost: 'a number, ms',
  share: 'a number from 0 to 1',
  window: '`{"from": …, "to": …}`, ISO times; of a trace `"none"` where there is none',
  traces: 'a list of trace ids',
  session: 'a list of trace ids, that of the question among them',
  tokens: 'a number of tokens, or `"unknown"`',
  price: 'a number, US dollars, or `"unknown"`',
  agent_tokens: 'a number of tokens, or `"unknown"`',
  session_tokens: 'a number of tokens, or `"unknown"`',
  model_tokens: 'a number of tokens',
}

/** A table in Markdown, its head first, as formatters write it. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...rest] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n')
}
