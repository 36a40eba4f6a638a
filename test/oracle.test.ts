import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import type { ScenarioName } from 'contract/scenarios'
import { drawsOf } from 'engine/draws'
import { keyOf } from 'engine/key/key'
import { scriptOf } from 'engine/levels/level'
import { mixSchema } from 'engine/mix/mix'
import { scenarioOf, scenarios } from 'engine/scenarios/index'
import { withParts } from 'findings/key-of-all'
import { simulate } from 'simulate/simulation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { simulate as playOne } from './support/simulated.ts'

/** How many runs of each scenario; the whole table takes ORACLE_TRACES=200. */
const traces = Number(process.env.ORACLE_TRACES ?? 12)
const python = promisify(execFile)
const hasPython = await python('python3', ['--version']).then(
  () => true,
  () => false,
)
if (!hasPython)
  console.warn('oracle.test.ts: there is no python3, so keys are not compared with another implementation')

const check = fileURLToPath(new URL('oracle/check.py', import.meta.url))
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oracle-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What is planted. */
const others = [
  'own',
  'off',
  'own,straggler:4',
  'own,slow_tool:search:3',
  'straggler,failing_tool:mail:0.6',
  'own,slow_model:2',
]
/** Every kind of fault, in company and alone. */
const drawn = { faults: others, error_rate: [0, 0, 0.05, 0.3] }
const runs: Record<string, Record<string, unknown[]>> = {
  fanout: { ...drawn, fanout: [5, 30, 100], concurrency: [4, 20], stragglers: [0, 2, 5], straggler_factor: [1.5, 10] },
  chain: { ...drawn, depth: [5, 60], mode: ['nested', 'flat'] },
  retry: {
    ...drawn,
    fanout: [40],
    concurrency: [3, 20],
    max_retries: [0, 3],
    backoff_jitter: ['none', 'full'],
    faulty_tools: [0, 2, 5],
  },
  dag: { ...drawn, fanout: [5, 60], stragglers: [1, 4], straggler_factor: [1.1, 5] },
  react: { ...drawn, max_steps: [3, 20], slow_tool_probability: [0.3] },
  human: { ...drawn, outcome: ['approve', 'reject', 'expire'], human_delay_s: [1, 5000] },
  overflow: { ...drawn, fill: [0, 0.9, 1.5], at_limit: ['cut', 'compact', 'refuse'], steps: [2, 8] },
  loop: { ...drawn, repeats: [0, 1, 6], max_steps: [3, 20], gives_up: [true, false] },
  rag: { ...drawn, rag_chunks: [2, 12] },
  stream: {
    ...drawn,
    duration_s: [0.5, 3],
    background_fanout: [0, 30],
    contention: [0, 0.5, 3],
    tool_delay_ms: [50, 400],
  },
  silent: { ...drawn, lookups: [3, 10], flaws: [0, 1, 3], flaw: ['error', 'empty', 'any'] },
  hallucination: {
    ...drawn,
    lookups: [3, 10],
    hallucinations: [0, 1, 3],
    hallucination: ['no_tool', 'bad_arguments'],
    recovers: [true, false],
  },
  cascade: {
    faults: ['own', 'own', 'off'],
    error_rate: [0, 0, 0.1],
    trigger: ['capacity_loss', 'surge', 'slow_service', 'none'],
    agents: [1, 5],
    calls: [20, 60],
    queue: [0, 10, 60],
    load: [0.3, 0.9, 2],
    max_retries: [0, 3],
  },
}

function mixOf(scenario: string, choices: Record<string, unknown[]>) {
  const params = Object.fromEntries(Object.entries(choices).map(([name, choice]) => [name, { choice }]))
  return mixSchema.parse({ runs: [{ scenario, params, planted: true }] })
}

/** What becomes of calls that wait for each other is in no script: it is simulated. */
const ofSchedules = scenarios.filter(({ name }) => name !== 'cascade')

test('no scenario is left out, but one of level 1 that others play parts of, which has tests of its own', () => {
  expect([...Object.keys(runs), 'handoff'].toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted())
})

describe.runIf(hasPython)('keys', () => {
  test.each(Object.entries(runs))(
    `of ${traces} runs of %s are what an implementation says that shares no code`,
    async (scenario, params) => {
      const [ledger, key] = ['ledger', 'key'].map((name) => join(folder, `${scenario}-${name}.jsonl`))
      const never = new AbortController().signal
      const outcome = await simulate(
        {
          mix: mixOf(scenario, params),
          seed: 'oracle',
          startMs: Date.parse('2026-01-31T09:00:00Z'),
          fromUnit: 0,
          limits: { traces },
          workers: 1,
          digest: false,
          files: { ledger, key },
          tell() {},
        },
        { soon: never, now: never },
      )
      expect(outcome.traces).toBe(traces)
      await expectNoDifference(ledger as string, key as string)
    },
  )

  test.each(ofSchedules.flatMap(({ name }) => [2, 3, 4].map((level) => ({ name, level }))))(
    'of $name at level $level are what such an implementation says of the script',
    async ({ name, level }) => {
      const { levels } = scenarioOf[name as ScenarioName]
      const lines = await Promise.all(
        Array.from({ length: Math.ceil(traces / 5) }, async (_, index) => {
          const { run, goOn } = await playOne(name, {
            seed: `oracle-${index}`,
            level,
            world: 'oracle',
            control: 'false',
          })
          const script =
            levels && scriptOf({ random: drawsOf(run.seed, name), worldSeed: 'oracle' }, levels, run.params)
          const trace_id = String(index)
          const { replay } = run
          return [
            { trace_id, scenario: name, replay, script },
            { ...withParts(await keyOf(run), await Promise.all((await goOn()).map((part) => keyOf(part)))), trace_id },
          ]
        }),
      )
      const [scripts, keys] = [0, 1].map((place) => {
        const path = join(folder, `${name}-${level}-${place}.jsonl`)
        writeFileSync(path, lines.map((line) => `${JSON.stringify(line[place])}\n`).join(''))
        return path
      })
      await expectNoDifference(scripts as string, keys as string)
    },
  )
})

async function expectNoDifference(runs: string, keys: string): Promise<void> {
  const { stdout } = await python('python3', [check, runs, keys]).catch((error: { stdout: string }) => error)
  expect(stdout.trimEnd().split('\n').at(-1), stdout).toBe('0 differences')
}
