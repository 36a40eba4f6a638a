import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cleanEnvironment } from '../../scripts/process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs a program as npm does, in the folder of the package, as if it had been typed in another. */
function typedIn(folder: string, program: string, ...args: string[]): Promise<[code: number, said: string]> {
  const options = { cwd: root, env: { ...cleanEnvironment(), INIT_CWD: folder } }
  return new Promise((resolve) => {
    execFile(process.execPath, [`cli/${program}.ts`, ...args], options, (error, stdout, stderr) =>
      resolve([error ? Number(error.code) : 0, stdout + stderr]),
    )
  })
}

test('paths are relative to where they were typed, of what is read and of what is written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'typed-'))
  const make = ['make', '--scenario', 'fanout', '--traces', '4']
  expect(await typedIn(folder, 'exam', ...make)).toEqual([0, expect.stringMatching(/^exam: 4 traces/)])
  const simulated = ['--traces', '1', '--out', 'spans.jsonl', '--key', 'keys.jsonl']
  expect(await typedIn(folder, 'simulate', ...simulated)).toMatchObject({ 0: 0 })
  expect(readdirSync(folder).toSorted()).toEqual(['exam', 'key.jsonl', 'keys.jsonl', 'spans.jsonl'])
  expect(await typedIn(folder, 'simulate', 'digest', 'spans.jsonl')).toMatchObject({ 0: 0 })
  expect(await typedIn(folder, 'load', 'merge', 'spans.jsonl')).toEqual([
    1,
    'spans.jsonl is no report of npm run load\n',
  ])

  // As the README of an exam has it.
  const exam = join(folder, 'exam')
  expect(await typedIn(exam, 'exam', 'baselines', '.', '--out', 'answers')).toMatchObject({ 0: 0 })
  const score = ['score', '.', 'answers/ceiling.jsonl', '--key', '../key.jsonl', '--min', '0.9']
  expect(await typedIn(exam, 'exam', ...score)).toMatchObject({ 0: 0 })
})
