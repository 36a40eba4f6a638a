import type { Opened } from '../../file/open.ts'
import { count, whole } from 'findings/format'

/** What came of a file that was opened, in sentences; all that is not kept is among them. */
export function sentences(opened: Opened): string[] {
  const { lines, spans, known_spans, rejected_spans, broken_lines, trouble, traces, kept_traces } = opened
  const gone = traces - kept_traces
  const unread = [
    ...(rejected_spans > 0 ? [count(rejected_spans, 'span')] : []),
    ...(broken_lines > 0 ? [count(broken_lines, 'line')] : []),
  ]
  return [
    `${count(spans, 'span')} of ${count(traces, known_spans > 0 ? 'new trace' : 'trace')}, from ${count(lines, 'line')}.`,
    ...(known_spans > 0
      ? [`${count(known_spans, 'span')} of it ${known_spans === 1 ? 'was' : 'were'} here before.`]
      : []),
    ...(gone > 0
      ? [`The first ${whole(gone)} of these traces had to go: there is room for no more (INSPECTOR_MIB).`]
      : []),
    ...(unread.length > 0 ? [`Not taken: ${unread.join(' and ')}. The first: ${trouble}.`] : []),
  ]
}
