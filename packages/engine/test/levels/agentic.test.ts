import { ledgerStepSchema } from 'contract/ledger'
import { Random } from 'contract/random'
import { describe, expect, it } from 'vitest'
import { simulate } from '../../../../test/support/simulated.ts'
import { drawsOf } from '../../src/draws.ts'
import { keyOf } from '../../src/key/key.ts'
import { agentOf } from '../../src/levels/draft.ts'
import { drawScript } from '../../src/levels/judge.ts'
import { scriptOf as levelScript } from '../../src/levels/level.ts'
import { mostDrawsForAll, numbersOf } from '../../src/levels/numbers.ts'
import { scheduleOf, underWayIn } from '../../src/levels/schedule.ts'
import type {
  CallStep,
  ChatStep,
  ChunkStep,
  Script,
  ScriptStep,
  StreamStep,
  WaitStep,
} from '../../src/levels/script.ts'
import { type Shard, worldOf } from '../../src/levels/world.ts'
import { scenarios } from '../../src/scenarios/index.ts'

const names = ['react', 'rag', 'human', 'stream', 'loop', 'silent', 'hallucination', 'overflow'] as const
const levels = [2, 3, 4] as const
const none = new Set<string>()
/** What every run writes away at its end takes, ms. */
const checkpointMs = 12.5

const everywhere = names.flatMap((name) => levels.map((level) => ({ name, level })))

function scriptOf(name: string, level: 2 | 3 | 4, seed: string, isFaulty = true): Script {
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario?.levels) throw new Error(`${name} has no levels`)
  const { draft } = scenario.levels
  const random = new Random(seed)
  const drawn = { world: worldOf('a world'), numbers: numbersOf[level], random, kinds: random.identifier('kinds', 32) }
  return drawScript((again) => draft(again, {}), { ...drawn, isFaulty })
}

/** The script of a run of this seed. */
function playedScript(name: string, params: { level: number; seed: string; control: boolean }): Script {
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario?.levels) throw new Error(`${name} has no levels`)
  return levelScript({ random: drawsOf(params.seed, name), worldSeed: 'world' }, scenario.levels, params)
}

const scriptsOf = (name: string, level: 2 | 3 | 4, isFaulty = true, count = 30) =>
  Array.from({ length: count }, (_, index) => scriptOf(name, level, `seed ${index}`, isFaulty))

const stepsOf = ({ before, jobs, after }: Script): ScriptStep[] => [
  ...before,
  ...jobs.flatMap(({ steps }) => steps),
  ...after,
]
const ofKind =
  <Step extends ScriptStep>(kind: Step['kind']) =>
  (script: Script) =>
    stepsOf(script).filter((step): step is Step => step.kind === kind)
const callsOf = ofKind<CallStep>('call')
const chatsOf = ofKind<ChatStep>('chat')
const chunksOf = ofKind<ChunkStep>('chunk')
const waitsOf = ofKind<WaitStep>('wait')
const streamsOf = ofKind<StreamStep>('stream')

/** The steps that a fault of this kind struck, in each script that has one. */
function struckBy(kind: string, scripts: readonly Script[]) {
  return scripts.flatMap((script) =>
    script.faults
      .filter((fault) => fault.kind === kind)
      .map((fault) => ({ script, fault, steps: stepsOf(script).filter(({ key }) => fault.steps.includes(key)) })),
  )
}

const decoysOf = (kind: string, scripts: readonly Script[]) =>
  scripts.flatMap((script) =>
    script.decoys
      .filter((decoy) => decoy.kind === kind)
      .map((decoy) => ({ script, steps: stepsOf(script).filter(({ key }) => decoy.steps.includes(key)) })),
  )

describe.each(everywhere)('$name, level $level', ({ name, level }) => {
  it('is the same script for the same seed, and another for another', () => {
    expect(scriptOf(name, level, 'a')).toEqual(scriptOf(name, level, 'a'))
    expect(scriptOf(name, level, 'b')).not.toEqual(scriptOf(name, level, 'a'))
  })

  it('keeps to the schema of the ledger', async () => {
    const { run } = await simulate(name, { level, seed: 'a' })
    for (const step of run.ledger.steps)
      expect(ledgerStepSchema.safeParse(JSON.parse(JSON.stringify(step))).error).toBeUndefined()
  })

  it('names every step once, and every step of a fault or a decoy is one of them, or an attempt of one', () => {
    for (const isFaulty of [true, false])
      for (const script of scriptsOf(name, level, isFaulty, 10)) {
        const keys = stepsOf(script).map(({ key }) => key)
        expect(new Set(keys).size).toBe(keys.length)
        for (const { steps } of [...script.faults, ...script.decoys]) {
          expect(steps.length).toBeGreaterThan(0)
          for (const key of steps) expect(keys.some((known) => key === known || key.startsWith(`${known}/`))).toBe(true)
        }
      }
  })

  it('has faults where it is faulty, none in a control, and no decoy that a fault has struck', () => {
    for (const script of scriptsOf(name, level)) {
      expect(script.faults.length).toBeGreaterThan(0)
      const struck = new Set(script.faults.flatMap(({ steps }) => steps))
      const decoys = script.decoys.filter(({ isNeutral }) => !isNeutral).flatMap(({ steps }) => steps)
      expect(decoys.filter((key) => struck.has(key))).toEqual([])
    }
    for (const script of scriptsOf(name, level, false)) expect(script.faults).toEqual([])
  })

  it('costs something by each of its faults, and nothing that a decoy without a verdict would show', () => {
    for (const script of scriptsOf(name, level)) {
      const { totalMs, workMs } = scheduleOf(script, none)
      for (const { id, changesOutcome } of script.faults) {
        const saved = totalMs - scheduleOf(script, new Set([id])).totalMs
        if (!changesOutcome && script.draws < mostDrawsForAll) expect(saved).toBeGreaterThan(0.04 * workMs)
      }
    }
  })

  it('is played as it was judged: the run ends when its schedule does, with its faults and without', async () => {
    for (const faults of ['own', 'off'])
      for (const seed of ['a', 'b']) {
        const { run, goOn } = await simulate(name, { level, seed, control: 'false', faults })
        const rest = (await goOn()).flatMap(({ ledger }) => ledger.steps)
        const workflow = run.ledger.steps.find(({ key }) => key === 'workflow')
        const later = rest.find(({ facts }) => facts.operation === 'invoke_agent')
        const lastedMs = (workflow?.duration_ms ?? 0) + (run.suspended?.afterMs ?? 0) + (later?.duration_ms ?? 0)
        const script = playedScript(name, { level, seed, control: false })
        const out = new Set(faults === 'off' ? script.faults.map(({ id }) => id) : [])
        expect(lastedMs - checkpointMs).toBeCloseTo(scheduleOf(script, out).totalMs, 1)
        const keys = new Set([...run.ledger.steps, ...rest].map(({ key }) => key))
        const happening = script.faults.filter(({ id }) => !out.has(id)).flatMap(({ steps }) => steps)
        expect(happening.filter((key) => !keys.has(key))).toEqual([])
      }
  })
})

describe.each(everywhere)('the key of $name, level $level', ({ name, level }) => {
  it('has what was planted, at what the schedule says that it costs, and no decoy', async () => {
    for (const seed of ['a', 'b', 'c']) {
      const script = playedScript(name, { level, seed, control: false })
      const { run, goOn } = await simulate(name, { level, seed, control: 'false' })
      // Where it goes on in another trace, each has its own of a key.
      const keys = await Promise.all([run, ...(await goOn())].map((one) => keyOf(one)))
      const known = keys.flatMap(({ faults }) => faults)
      expect(keys.map(({ verdict }) => verdict)).toContain('faulty')
      expect([...new Set(known.map(({ id }) => id))].toSorted()).toEqual(script.faults.map(({ id }) => id).toSorted())
      const { totalMs } = scheduleOf(script, none)
      for (const { id, impact, accepted } of known) {
        const saved = totalMs - scheduleOf(script, new Set([id])).totalMs
        expect(impact?.ms).toBeCloseTo(saved, 1)
        expect(accepted.flat().length).toBeGreaterThan(0)
      }
      const required = known.filter(({ standing }) => standing === 'required')
      expect(required.length).toBe(script.draws < mostDrawsForAll ? known.length : required.length)
      const culprits = new Set(known.flatMap(({ accepted }) => accepted.flat()))
      expect(keys.flatMap(({ decoys }) => decoys).filter((id) => culprits.has(id))).toEqual([])
    }
  })

  it('is healthy in a control, and where nothing is planted', async () => {
    let decoys = 0
    for (const seed of ['a', 'b', 'c']) {
      const control = await keyOf((await simulate(name, { level, seed, control: 'true' })).run)
      expect([control.verdict, control.faults]).toEqual(['healthy', []])
      decoys += control.decoys.length
      const off = await keyOf((await simulate(name, { level, seed, control: 'false', faults: 'off' })).run)
      expect([off.verdict, off.faults]).toEqual(['healthy', []])
    }
    expect(decoys).toBeGreaterThan(0)
  })
})

it.each([
  ['react', { max_steps: 1 }],
  ['react', { max_steps: 100 }],
  ['rag', { rag_chunks: 1 }],
  ['rag', { rag_chunks: 200 }],
])('%s is a run of whatever size: %o', async (name, size) => {
  for (const level of levels)
    for (const seed of ['a', 'b', 'c']) {
      const faulty = await simulate(name, { ...size, level, seed, control: 'false' })
      expect(faulty.run.faults.faults.length).toBeGreaterThan(0)
      const control = await simulate(name, { ...size, level, seed, control: 'true' })
      expect(control.result.ok).toBe(true)
    }
})

describe('react', () => {
  const faulty = scriptsOf('react', 3, true, 60)
  const controls = scriptsOf('react', 3, false, 60)

  it('has faults about as often as they weigh', () => {
    const drawn = scriptsOf('react', 3, true, 200).flatMap(({ faults }) => faults.map(({ kind }) => kind))
    const share = (kind: string) => drawn.filter((one) => one === kind).length / drawn.length
    // Three sigma of a share of 0.25 among some 270.
    for (const [kind, weight] of Object.entries({ slow_tool: 0.3, slow_model: 0.25, cache_miss: 0.25, loop: 0.2 }))
      expect(Math.abs(share(kind) - weight)).toBeLessThan(0.085)
  })

  it('loops with one answer, and nothing written between; its twin is answered anew', () => {
    const loops = struckBy('loop', faulty)
    expect(loops.length).toBeGreaterThan(5)
    for (const { script, steps } of loops) {
      const calls = steps.filter((step) => step.kind === 'call')
      expect(calls.length).toBeGreaterThanOrEqual(4)
      expect(new Set(calls.map((call) => `${call.arguments} ${call.result}`)).size).toBe(1)
      const between = callsOf(script).slice(
        callsOf(script).indexOf(calls[0] as CallStep),
        callsOf(script).indexOf(calls.at(-1) as CallStep),
      )
      expect(between.filter((call) => call.arguments.includes('"write"'))).toEqual([])
    }
    const twins = decoysOf('progress', controls)
    expect(twins.length).toBeGreaterThan(5)
    for (const { steps } of twins) {
      const calls = steps.filter((step) => step.kind === 'call')
      expect(new Set(calls.map((call) => call.arguments)).size).toBe(1)
      expect(calls.at(-1)?.result).not.toBe(calls.at(-2)?.result)
    }
  })

  it('at level 4 loops with a number that no call has twice, to the same answer', () => {
    for (const { steps } of struckBy('loop', scriptsOf('react', 4, true, 60))) {
      const calls = steps.filter((step) => step.kind === 'call')
      expect(new Set(calls.map((call) => call.arguments)).size).toBe(calls.length)
      expect(new Set(calls.map((call) => (JSON.parse(call.arguments) as { id: string }).id)).size).toBe(1)
      expect(new Set(calls.map((call) => call.result)).size).toBe(1)
    }
  })

  it('misses its cache three times or more while its context grows; a compaction shrinks it', () => {
    const misses = struckBy('cache_miss', faulty)
    expect(misses.length).toBeGreaterThan(5)
    for (const { script, steps } of misses) {
      expect(steps.length).toBeGreaterThanOrEqual(3)
      const chats = chatsOf(script)
      for (const step of steps) {
        const chat = step as ChatStep
        const before = chats[chats.indexOf(chat) - 1]
        expect(chat.cachedTokens.value).toBe(0)
        expect(chat.cachedTokens.base).toBeGreaterThan(0)
        expect(chat.inputTokens.value).toBeGreaterThan(before?.inputTokens.value ?? 0)
      }
    }
    const compactions = decoysOf('compaction', controls)
    expect(compactions.length).toBeGreaterThan(20)
    for (const { script, steps } of compactions) {
      const chats = chatsOf(script)
      const [chat] = steps as ChatStep[]
      const before = chats[chats.indexOf(chat as ChatStep) - 1]
      expect(chat?.cachedTokens.value).toBe(0)
      expect(chat?.inputTokens.value).toBeLessThan((before?.inputTokens.value ?? 0) + 1500)
    }
  })
})

describe('loop', () => {
  const faulty = scriptsOf('loop', 3, true, 60)
  const controls = scriptsOf('loop', 3, false, 60)
  const callsIn = (steps: readonly ScriptStep[]) => steps.filter((step) => step.kind === 'call')
  const asked = ({ tool, arguments: given }: CallStep) => `${tool} ${given}`

  it('goes back and forth between two calls, each with one answer; its twin hears something new each time', () => {
    const found = struckBy('pingpong', faulty)
    expect(found.length).toBeGreaterThan(5)
    for (const { steps } of found) {
      const calls = callsIn(steps)
      calls.forEach((call, index) => index > 1 && expect(asked(call)).toBe(asked(calls[index - 2] as CallStep)))
      expect(new Set(calls.map((call) => `${asked(call)} ${call.result}`)).size).toBe(2)
    }
    const twins = decoysOf('exchange', controls)
    expect(twins.length).toBeGreaterThan(5)
    for (const { steps } of twins)
      expect(new Set(callsIn(steps).map(({ result }) => result)).size).toBe(callsIn(steps).length)
  })

  it('asks again what was refused as wrong, and mends it in the end; its twin was out of order, and is answered', () => {
    const statusOf = ({ attempts }: CallStep) => attempts.map(({ status }) => status)
    const found = struckBy('ignored_error', faulty)
    expect(found.length).toBeGreaterThan(5)
    for (const { script, steps } of found) {
      const calls = callsIn(steps)
      expect(calls.flatMap(statusOf).every((status) => status === 422)).toBe(true)
      expect(new Set(calls.map(asked)).size).toBe(1)
      const { id } = JSON.parse(calls[0]?.arguments ?? '') as { id: string }
      const about = callsOf(script).filter(({ arguments: given }) => given.includes(id))
      expect(statusOf(about.at(-1) as CallStep)).toEqual([200])
    }
    for (const { script, steps } of decoysOf('persisted', controls)) {
      const [first] = callsIn(steps) as [CallStep]
      const about = callsOf(script).filter((call) => asked(call) === asked(first))
      expect(about.map(statusOf).flat()).toEqual([...about.slice(1).map(() => 503), 200])
    }
  })

  it('has as many repeats with a reason as without: reads after a write, polls, other arguments', () => {
    for (const kind of ['poll', 'read after write', 'other arguments', 'pages'])
      expect(decoysOf(kind, faulty).length).toBeGreaterThan(30)
  })

  it('at level 4 does other work between two repeats', () => {
    for (const { script, steps } of struckBy('loop', scriptsOf('loop', 4, true, 30))) {
      const all = callsOf(script)
      const places = callsIn(steps).map((call) => all.indexOf(call))
      places.slice(1).forEach((place, index) => expect(place - (places[index] as number)).toBe(2))
    }
  })
})

describe('rag', () => {
  const faulty = scriptsOf('rag', 3, true, 60)

  it('takes as long for a chunk as size, density and shard explain, but where it is slow', () => {
    const { shards } = worldOf('a world')
    for (const script of faulty)
      for (const chunk of chunksOf(script)) {
        if (chunk.fails || chunk.isCached) continue
        const { msPerKb, densityPower } = shards.find(({ name }) => name === chunk.source) as Shard
        const kb = chunk.bytes / 1024
        const usual = (15 + msPerKb * kb) * (chunk.outputTokens / kb / 180) ** densityPower
        expect(Math.abs(Math.log(chunk.ms.base / usual))).toBeLessThanOrEqual(0.15 * 2.5 + 1e-2)
        if (chunk.ms.by !== undefined) expect(chunk.ms.value).toBeGreaterThan(chunk.ms.base * 2)
      }
  })

  it('pays twice for a duplicate, and not for what is in the cache', () => {
    const duplicates = struckBy('duplicate', faulty)
    expect(duplicates.length).toBeGreaterThan(3)
    for (const { script, steps } of duplicates)
      for (const step of steps) {
        const chunk = step as ChunkStep
        const others = chunksOf(script).filter(({ document, key }) => document === chunk.document && key !== chunk.key)
        expect(others.length).toBeGreaterThan(0)
        expect(chunk.outputTokens).toBeGreaterThan(0)
      }
    const cached = decoysOf('cached chunk', faulty).flatMap(({ steps }) => steps as ChunkStep[])
    expect(cached.length).toBeGreaterThan(20)
    for (const chunk of cached) expect([chunk.isCached, chunk.outputTokens]).toEqual([true, 0])
    expect(struckBy('duplicate', scriptsOf('rag', 2, true, 60))).toEqual([])
  })

  it('is lost with a chunk that nobody works through, and only then', async () => {
    const lost = await simulate('rag', { level: 3, seed: seedWith('rag', 'failed'), control: 'false' })
    expect(lost.result.ok).toBe(false)
    const whole = await simulate('rag', { level: 3, seed: seedWith('rag', 'failed'), control: 'false', faults: 'off' })
    expect(whole.result.ok).toBe(true)
  })
})

describe('human', () => {
  const limitOf = (tool: string, seed = 'a world') => worldOf(seed).tools.find(({ name }) => name === tool)?.limit ?? 0
  const amountOf = ({ arguments: given }: { arguments: string }) => (JSON.parse(given) as { amount?: number }).amount
  const faulty = scriptsOf('human', 3, true, 60)
  const controls = scriptsOf('human', 3, false, 60)

  it('asks about what is worth more than its tool allows, and does without asking what is worth less', () => {
    for (const script of [...faulty, ...controls]) {
      const unneeded = new Set(struckBy('unneeded', [script]).flatMap(({ fault }) => fault.steps))
      for (const wait of waitsOf(script)) {
        const amount = amountOf(wait) ?? 0
        expect(amount < limitOf(wait.tool)).toBe(unneeded.has(wait.key))
      }
      const asked = new Set(waitsOf(script).map((wait) => wait.arguments))
      for (const call of callsOf(script)) {
        const amount = amountOf(call)
        if (amount !== undefined && !asked.has(call.arguments)) expect(amount).toBeLessThan(limitOf(call.tool))
      }
    }
    expect(struckBy('unneeded', faulty).length).toBeGreaterThan(5)
  })

  it('goes on soon after an answer, but for a lag; a wait that a tool asked for is as long', () => {
    const lags = struckBy('resume_lag', faulty)
    expect(lags.length).toBeGreaterThan(10)
    for (const { steps } of lags) {
      const [wait, next] = steps.toSorted((one) => (one.kind === 'wait' ? -1 : 1))
      expect([wait?.kind, next?.kind]).toEqual(['wait', 'call'])
      expect(next?.gapMs.value).toBeGreaterThan(1900)
      expect(next?.gapMs.base).toBeLessThan(501)
    }
    for (const { steps } of decoysOf('told to wait', controls)) {
      const [told, done] = steps.filter((step) => step.kind === 'call')
      const [attempt] = told?.attempts ?? []
      expect(attempt?.status).toBe(429)
      expect(done?.gapMs.value).toBeGreaterThanOrEqual((attempt?.retryAfterS ?? 0) * 1000)
    }
  })

  it('does all again to no other answer; its twin to another one', () => {
    const redone = struckBy('redo', faulty)
    expect(redone.length).toBeGreaterThan(5)
    const answers = (steps: readonly ScriptStep[]) =>
      Map.groupBy(
        steps.filter((step) => step.kind === 'call'),
        (call) => call.arguments,
      )
    for (const { steps } of redone)
      for (const [, calls] of answers(steps)) {
        expect(calls.length).toBe(2)
        expect(calls[0]?.result).toBe(calls[1]?.result)
      }
    const renewed = decoysOf('renewed', controls)
    expect(renewed.length).toBeGreaterThan(2)
    for (const { script, steps } of renewed)
      for (const [given, calls] of answers(steps)) {
        const all = callsOf(script).filter((call) => call.arguments === given)
        expect(all.length).toBe(2 * calls.length)
        expect(new Set(all.map((call) => call.result)).size).toBe(2)
      }
  })

  it('has people who take hours where its profile is measured, and seconds where it is not', async () => {
    const longest = async (profile: string) => {
      const { run } = await simulate('human', { level: 3, seed: 'c', profile })
      return Math.max(
        ...run.ledger.steps.flatMap(({ facts, duration_ms }) =>
          facts.operation === 'human_feedback' ? (duration_ms ?? 0) : [],
        ),
      )
    }
    expect(await longest('measured')).toBeGreaterThan(9 * 3_600_000)
    expect(await longest('demo')).toBeLessThan(30_000)
  })
})

describe('stream', () => {
  const faulty = scriptsOf('stream', 3, true, 60)

  it('comes slowly beside one tool only, for neither little of the time nor all of it', async () => {
    const contended = struckBy('contention', faulty)
    expect(contended.length).toBeGreaterThan(10)
    for (const { script, fault, steps } of contended) {
      expect(new Set((steps as CallStep[]).map(({ tool }) => tool))).toEqual(new Set([fault.entity.tool]))
      expect(streamsOf(script).map(({ contention }) => contention.tool)).toEqual([fault.entity.tool])
    }
    const seed = seedWith('stream', 'contention')
    const { run } = await simulate('stream', { level: 3, seed, control: 'false' })
    const marks = run.ledger.steps.find(({ facts }) => facts.operation === 'chat')?.events ?? []
    const calls = run.ledger.steps.filter(({ facts }) => facts.operation === 'execute_tool')
    const [guilty] = struckBy('contention', [playedScript('stream', { level: 3, seed, control: false })])
    const isBeside = (atMs: number) =>
      calls.some(
        ({ facts, start_ms, duration_ms }) =>
          facts.operation === 'execute_tool' &&
          facts.tool === guilty?.fault.entity.tool &&
          start_ms <= atMs &&
          atMs < start_ms + (duration_ms ?? 0),
      )
    const pace = { beside: { tokens: 0, ms: 0 }, alone: { tokens: 0, ms: 0 } }
    const told = marks.flatMap((mark) => ('tokens' in mark ? [{ at: mark.time_ms, tokens: mark.tokens ?? 0 }] : []))
    told.slice(1).forEach((mark, index) => {
      const before = told[index] as { at: number; tokens: number }
      if (before.tokens === 0) return
      const kind = isBeside((mark.at + before.at) / 2) ? pace.beside : pace.alone
      kind.tokens += mark.tokens - before.tokens
      kind.ms += mark.at - before.at
    })
    const msOf = ({ tokens, ms }: { tokens: number; ms: number }) => ms / tokens
    expect(msOf(pace.beside) / msOf(pace.alone)).toBeGreaterThan(1.6)
  })

  it('comes slower for each other call of its model, and such calls are no fault', () => {
    const shared = decoysOf('shared model', [...faulty, ...scriptsOf('stream', 3, false, 60)])
    expect(shared.length).toBeGreaterThan(60)
    for (const { script, steps } of shared) {
      const [stream] = streamsOf(script) as [StreamStep]
      expect(new Set(steps.map((step) => step.kind === 'chat' && step.model))).toEqual(new Set([stream.model]))
      const out = new Set(script.faults.map(({ id }) => id))
      const jobs = script.jobs.filter((job) => !job.steps.some((step) => steps.includes(step)))
      const lasts = (some: Script) => scheduleOf(some, out).jobs[0]?.endMs ?? 0
      const share = lasts(script) / lasts({ ...script, jobs }) - 1
      expect(share).toBeGreaterThanOrEqual(0)
      // Of one model it costs next to nothing, of the other much.
      expect(share).toBeLessThan(stream.sharing * 12)
      if (steps.length > 8 && stream.sharing > 0.5) expect(share).toBeGreaterThan(0.02)
    }
    expect(new Set(shared.map(({ script }) => (streamsOf(script)[0]?.sharing ?? 0) > 0.5)).size).toBe(2)
  })

  it('has as many beside the guilty tool, or who would be it, as beside any, who begin once there is something to read', () => {
    const begun = { beforeGuilty: [] as number[], beforeOthers: [] as number[] }
    for (const script of [...faulty, ...scriptsOf('stream', 3, false, 60)]) {
      const [{ contention }] = streamsOf(script) as [StreamStep]
      const calls = underWayIn(script, new Set(script.faults.map(({ id }) => id)))
      const tools = calls.filter(({ key }) => key.includes('/call/'))
      const chats = calls.filter(({ key }) => key.includes('/chat/'))
      const firstEndMs = Math.min(...tools.map(({ endMs }) => endMs))
      for (const { startMs } of chats) expect(startMs).toBeGreaterThanOrEqual(firstEndMs)
      const isJustBefore = (chatMs: number) => tools.some(({ startMs }) => startMs - 30 < chatMs && chatMs <= startMs)
      if (chats.length > 8)
        expect(chats.filter(({ startMs }) => isJustBefore(startMs)).length).toBeLessThan(0.8 * chats.length)
      for (const own of Map.groupBy(tools, agentOf).values())
        own.slice(1).forEach(({ of, startMs }, index) => {
          const before = own[index] as (typeof own)[number]
          const count = chats.filter((chat) => before.endMs <= chat.startMs && chat.startMs <= startMs).length
          begun[of === contention.tool ? 'beforeGuilty' : 'beforeOthers'].push(count)
        })
    }
    const mean = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0) / counts.length
    expect(Math.abs(mean(begun.beforeGuilty) / mean(begun.beforeOthers) - 1)).toBeLessThan(0.15)
  })

  it('marks every begin and end of a call while it streams', async () => {
    const { run } = await simulate('stream', { level: 3, seed: 'a' })
    const [chat, ...others] = run.ledger.steps.filter(({ facts }) => facts.operation === 'chat')
    const endMs = (chat?.start_ms ?? 0) + (chat?.duration_ms ?? 0)
    const calls = [...others, ...run.ledger.steps.filter(({ facts }) => facts.operation === 'execute_tool')]
    const named = (name: string) => chat?.events.filter((event) => event.name === name).map(({ time_ms }) => time_ms)
    expect(named('background_started')?.length).toBe(calls.filter(({ start_ms }) => start_ms < endMs).length)
    expect(named('stall')).toEqual([])
    const first = chat?.events.find(({ name }) => name === 'first_token')
    expect(first).toMatchObject({ tokens: 1 })
    expect(named('last_token')).toEqual([endMs])
  })

  it('has no two faults that hide each other', () => {
    for (const { faults } of scriptsOf('stream', 4, true, 60)) {
      const kinds = faults.map(({ kind }) => kind)
      expect(kinds.includes('contention') && kinds.includes('stall')).toBe(false)
      if (kinds.includes('slow_background')) expect(kinds).toEqual(['slow_background'])
    }
  })
})

/** A seed whose run of level 3 has a fault of this kind. */
function seedWith(name: string, kind: string): string {
  for (let index = 0; ; index++)
    if (playedScript(name, { level: 3, seed: `${index}`, control: false }).faults.some((fault) => fault.kind === kind))
      return `${index}`
}

describe('repeats that had to be made', () => {
  it.each(['poll', 'read after compaction', 'asked by the user'])(
    'are answered alike, as often as a loop is: %s',
    (kind) => {
      const alike = decoysOf(kind, scriptsOf('loop', 3)).flatMap(({ steps }) => {
        const calls = steps.filter((step) => step.kind === 'call')
        const [first] = calls
        const isAlike = calls.every((call) => call.arguments === first?.arguments && call.result === first.result)
        return isAlike ? calls.length : []
      })
      expect(alike.length).toBeGreaterThan(10)
      expect(Math.min(...alike)).toBeGreaterThanOrEqual(4)
    },
  )

  it('are refused as often as an ignored error is, and answered unchanged', () => {
    const all = decoysOf('too early', scriptsOf('loop', 3))
    expect(all.length).toBeGreaterThan(10)
    for (const { steps } of all) {
      const calls = steps.filter((step) => step.kind === 'call')
      expect(new Set(calls.map((call) => call.arguments)).size).toBe(1)
      const statuses = calls.map(({ attempts }) => attempts.at(-1)?.status)
      expect(statuses.slice(0, -1).every((status) => status === 422)).toBe(true)
      expect(statuses.length).toBeGreaterThan(4)
      expect(statuses.at(-1)).toBe(200)
    }
  })

  it('have answers as large as those of a loop', () => {
    const largest = (steps: readonly ScriptStep[]) =>
      steps.flatMap((step) => (step.kind === 'call' ? (step.attempts.at(-1)?.bytes ?? []) : []))
    const scripts = scriptsOf('loop', 3)
    const ofFaults = struckBy('loop', scripts).flatMap(({ steps }) => largest(steps))
    const ofDecoys = decoysOf('read after compaction', scripts).flatMap(({ steps }) => largest(steps))
    for (const bytes of [ofFaults, ofDecoys]) {
      expect(Math.min(...bytes)).toBeLessThan(550)
      expect(Math.max(...bytes)).toBeGreaterThan(700)
    }
  })
})

it('after a pause more is sent than before, and nothing of it is in the cache: no fault', () => {
  const all = decoysOf('after a pause', scriptsOf('overflow', 3))
  expect(all.length).toBeGreaterThan(10)
  for (const { steps } of all)
    for (const step of steps) {
      expect(step).toMatchObject({ kind: 'chat', cachedTokens: { value: 0 } })
      expect(step.gapMs.value).toBeGreaterThanOrEqual(2000)
    }
})
