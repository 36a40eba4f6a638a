import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const shell = fileURLToPath(new URL('../scripts/shell', import.meta.url))

/** What functions of the scripts print, called as the scripts call them. */
const printed = (commands: string) =>
  execFileSync(
    'bash',
    [
      '-c',
      `set -u; for part in terminal json http result expectations checks run load; do . "$0/$part.sh"; done\n${commands}`,
      shell,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )

/** As if whoever is asked answered that. */
const answering = (body: string) => `fetch() { STATUS=200 TYPE=application/json BROKEN='' BODY='${body}'; }`

it('an answer without what every service says is no healthy one', () => {
  const health = (body: string) => printed(`${answering(body)}; check_health http://nobody`)
  expect(health('{"status":"ok","service":"agent-app","in_flight":2}')).toMatch(/^ {2}ok {4}health +agent-app, 2 in/)
  expect(health('{"status":"ok"}')).toMatch(/^ {2}FAIL {2}health +it does not say which service it is\n$/)
  expect(health('{"service":"agent-app"}')).toMatch(/^ {2}FAIL {2}health +its status is ""\n$/)
})

it.each([
  ['{"verdict":"complete","received":7}', /^ {2}ok {4}arrival +1 traces, 7 spans/],
  ['{"verdict":"altered","received":7}', /^ {2}FAIL {2}arrival +dag is altered: http/],
  [
    '{"verdict":"no_ledger","note":"its replica is gone"}',
    /^ {2}skip {2}arrival +dag is no_ledger: its replica is gone\n$/,
  ],
  ['{"answer":"of somebody else"}', /^ {2}FAIL {2}arrival +dag: the answer has no verdict\n$/],
])('of arrival it says what %s tells', (body, expected) => {
  expect(printed(`${answering(body)}; traces=('dag 0af7'); check_arrival http://nobody`)).toMatch(expected)
})

/** Two runs each of two agents, two at a time. */
const load =
  'repeat=2 parallel=2; place_of() { BASE=http://nobody; }; run_load "primary secondary" dag /run || echo "exits $?"'

it('a request whose curl was killed is an error, and the next turn is taken', () => {
  const told = printed(`ask_for_run() { start_request "$1" "$2"; }; curl() { kill -KILL "$BASHPID"; }; ${load}`)
  expect(told).toMatch(/\n {2}errors +4 {2}curl ended with 137\n(.*\n)*exits 1\n$/)
})

it('turns that nobody came to are errors', () => {
  const told = printed(`client() { read -r -n 1 _ <&3; }; ${load}`)
  expect(told).toMatch(/\n {2}errors +4 {2}whoever was to ask for them was ended\n(.*\n)*exits 1\n$/)
})
