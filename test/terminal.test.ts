import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const shell = fileURLToPath(new URL('../scripts/shell', import.meta.url))

/** What the scripts make of a line on a terminal of so many columns; colours are as `bold` and `plain` there. */
const folded = (line: string, columns: number) =>
  execFileSync(
    'bash',
    ['-c', `. "$0/terminal.sh"; bold='<b>' plain='</b>' columns=$2; fold "$1"`, shell, line, `${columns}`],
    {
      encoding: 'utf8',
    },
  )

it.each([
  ['a line that is not long', 23, 'a line that is not long\n'],
  ['a line that is not long', 22, 'a line that is not\nlong\n'],
  ['  finding   it took 9 ms, the others 1 ms', 30, '  finding   it took 9 ms, the\n            others 1 ms\n'],
  ['  a second column that begins too far in  is none', 40, '  a second column that begins too far in\n  is none\n'],
  ['<b>dag</b>  joins branches', 14, '<b>dag</b>  joins\n     branches\n'],
  ['see http://localhost:4319/?trace=0af7651916cd', 20, 'see\nhttp://localhost:4319/?trace=0af7651916cd\n'],
  ['', 20, '\n'],
])('breaks %j between words', (line, columns, expected) => {
  expect(folded(line, columns)).toBe(expected)
})

/** The shell's words for what a parameter takes, and what it makes of a value. */
const takes = (range: string, value: string) =>
  execFileSync('bash', ['-c', `. "$0/range.sh"; takes "$1" "$2" && echo yes || echo no`, shell, range, value], {
    encoding: 'utf8',
  }).trim() === 'yes'

it.each([
  ['a whole number from 1 to 10000', ['', '1', '9', '10000', '0010'], ['0', '10001', '1.5', '-1', 'abc', '1e3', ' 1']],
  [
    'a number from 0.1 to 3600',
    ['0.1', '0.10', '3600', '3600.0', '20', '.5', '5e-1', '1E3'],
    ['0', '0.09', '3600.1', '5.', '9999999999999999999999', '1e', 'e3', '.'],
  ],
  ['one of nested, flat', ['nested', 'flat'], ['wide', 'nested,', 'nes']],
  ['true or false', ['true', '0'], ['yes']],
  // What these words do not decide is the agent's to judge.
  ['1 to 64 printable ASCII characters without blanks', ['x', 'a b'], []],
])('knows what %j takes', (range, good, bad) => {
  expect(good.filter((value) => !takes(range, value))).toEqual([])
  expect(bad.filter((value) => takes(range, value))).toEqual([])
})
