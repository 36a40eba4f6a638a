import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { type Key, readKey } from 'exam/key'
import { mark } from 'exam/mark'
import { proportion } from 'exam/proportion'
import { type Answer, type AnswerValue, answerSchema, type Question, questionSchema } from 'exam/question'
import { byQuestion, readLines } from 'exam/read'
import { score } from 'exam/score'

const question = (id: string, more: Partial<Question> = {}): Question => ({
  question_id: `${id}:spans`,
  scope: 'trace',
  trace_id: id,
  type: 'spans',
  text: '?',
  ...more,
})
const answer = (question_id: string, value: AnswerValue | null): Answer => ({ question_id, answer: value })

describe('a question for spans', () => {
  const key = {
    question_id: 't:spans',
    answer: ['a1', 'b1'],
    accepted: [
      ['a1', 'a2'],
      ['b1', 'b2'],
    ],
    neutral: ['n'],
  }
  it.each<[string, AnswerValue | null, string]>([
    ['the key itself', ['a1', 'b1'], 'right'],
    ['another span of each group', ['b2', 'a2'], 'right'],
    ['two of one group, one of the other', ['a1', 'a2', 'b1'], 'right'],
    ['neutral spans beside', ['a1', 'b1', 'n'], 'right'],
    ['one group alone', ['a1'], 'wrong'],
    ['what nobody planted beside', ['a1', 'b1', 'x'], 'wrong'],
    ['nothing', [], 'wrong'],
    ['neutral spans alone', ['n'], 'wrong'],
    ['that one cannot tell', 'unknown', 'open'],
    ['null', null, 'open'],
  ])('%s', (_, value, outcome) => {
    expect(mark(question('t'), key, answer('t:spans', value)).outcome).toBe(outcome)
  })

  it('where nothing is wrong, nothing and what is neutral are right', () => {
    const healthy = { question_id: 't:spans', answer: [], neutral: ['n'] }
    const outcomes = [[], 'none', ['n'], ['x']].map(
      (value) => mark(question('t'), healthy, answer('t:spans', value)).outcome,
    )
    expect(outcomes).toEqual(['right', 'right', 'right', 'wrong'])
  })
})

describe('a question for a while', () => {
  const asked = question('t', { question_id: 't:window', type: 'window', tolerance: { share: 0.2 } })
  const second = (at: number) => new Date(Date.UTC(2026, 10, 1, 0, 0, at)).toISOString()
  const between = (from: number, to: number) => ({ from: second(from), to: second(to) })
  it.each<[AnswerValue | null, string, string]>([
    [between(10, 20), 'right', 'wrong'],
    [between(11, 19.5), 'right', 'wrong'],
    [between(12, 22), 'wrong', 'wrong'],
    [between(30, 40), 'wrong', 'wrong'],
    ['none', 'wrong', 'right'],
    ['unknown', 'open', 'open'],
  ])('%o where there is one, and where there is none', (value, there, nowhere) => {
    const outcome = (right: AnswerValue) =>
      mark(asked, { question_id: 't:window', answer: right }, answer('t:window', value)).outcome
    expect([outcome(between(10, 20)), outcome('none')]).toEqual([there, nowhere])
  })
})

describe('a question for a number that nobody can know', () => {
  const asked = question('t', { question_id: 't:tokens', type: 'number', tolerance: { share: 0 } })
  const key = { question_id: 't:tokens', answer: 'unknown' }
  it.each<[AnswerValue | null, string]>([
    ['unknown', 'right'],
    [12, 'wrong'],
    [null, 'open'],
  ])('answered %j, is %s', (value, expected) => {
    expect(mark(asked, key, answer('t:tokens', value)).outcome).toBe(expected)
  })
})

describe('a question for a number', () => {
  const asked = question('t', { question_id: 't:cost', type: 'number', tolerance: { share: 0.2, least: 20 } })
  const outcome = (right: number, value: AnswerValue) =>
    mark(asked, { question_id: 't:cost', answer: right }, answer('t:cost', value)).outcome
  it.each<[number, AnswerValue, string]>([
    [1000, 1200, 'right'],
    [1000, 1201, 'wrong'],
    [1000, 800, 'right'],
    [0, 20, 'right'],
    [0, 21, 'wrong'],
    [-500, -420, 'right'],
    [1000, '1000', 'wrong'],
  ])('%d, answered %j, is %s', (right, value, expected) => {
    expect(outcome(right, value)).toBe(expected)
  })
})

it('a window is right by what it has in common with the right one', () => {
  const asked = question('t', { question_id: 'population:window', type: 'window', tolerance: { share: 0.2 } })
  const at = (from: number, to: number) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })
  const outcome = (value: AnswerValue) =>
    mark(asked, { question_id: 'population:window', answer: at(1000, 2000) }, answer('population:window', value))
      .outcome
  expect(outcome(at(1000, 2000))).toBe('right')
  expect(outcome(at(1100, 1900))).toBe('right')
  expect(outcome(at(1300, 2000))).toBe('wrong')
  expect(outcome(at(3000, 4000))).toBe('wrong')
})

it('a list with a tolerance is right by F1', () => {
  const asked = question('t', { question_id: 'population:traces', type: 'traces', tolerance: { share: 0.1 } })
  const right = Array.from({ length: 20 }, (_, index) => `t${index}`)
  const outcome = (value: string[]) =>
    mark(asked, { question_id: 'population:traces', answer: right }, answer('population:traces', value)).outcome
  expect(outcome(right.slice(2))).toBe('right')
  expect(outcome(right.slice(5))).toBe('wrong')
  expect(outcome([...right, 'x', 'y', 'z', 'u', 'v'])).toBe('wrong')
})

const questions = [
  question('bad'),
  question('bad', { question_id: 'bad:verdict', type: 'verdict' }),
  question('good'),
  question('good', { question_id: 'good:verdict', type: 'verdict' }),
]
const keyText = [
  { version: 1, level: 3, seed: '1' },
  {
    trace_id: 'bad',
    scenario: 'fanout',
    level: 3,
    verdict: 'faulty',
    faults: [
      {
        id: 'fault/0',
        kind: 'straggler',
        category: 'latency',
        standing: 'required',
        accepted: [['a1', 'a2']],
        entity: ['search'],
        impact: { ms: 900, alone_ms: 900, share: 0.3, tokens: 0 },
      },
    ],
    neutral: [],
  },
  { trace_id: 'good', scenario: 'fanout', level: 3, verdict: 'healthy', faults: [], neutral: [] },
  { question_id: 'bad:spans', answer: ['a1'], accepted: [['a1', 'a2']] },
  { question_id: 'bad:verdict', answer: 'faulty' },
  { question_id: 'good:spans', answer: [] },
  { question_id: 'good:verdict', answer: 'healthy' },
]
  .map((line) => JSON.stringify(line))
  .join('\n')
const key = readKey(keyText, 'key.jsonl')
const scored = (values: Readonly<Record<string, AnswerValue>>) =>
  score(questions, key, new Map(Object.entries(values).map(([id, value]) => [id, answer(id, value)])))

it('the answers of the key score everything', () => {
  const full = scored(
    Object.fromEntries([...(key satisfies Key).questions].map(([id, { answer: right }]) => [id, right])),
  )
  expect(full.exact.share).toBe(1)
  expect(full.joint.share).toBe(1)
  expect(full.detection).toMatchObject({
    precision: { share: 1 },
    recall: { share: 1 },
    false_alarms: { count: 0, of: 1 },
  })
  expect(full.localisation).toMatchObject({ precision: { share: 1 }, recall: { share: 1 } })
})

it('"nothing is wrong" is right of controls, and of faulty runs alone never', () => {
  const nothing = scored({ 'bad:spans': [], 'bad:verdict': 'healthy', 'good:spans': [], 'good:verdict': 'healthy' })
  expect(nothing.exact).toMatchObject({ count: 2, of: 4 })
  expect(nothing.faulty.spans).toMatchObject({ count: 0, of: 1 })
  expect(nothing.detection.recall).toMatchObject({ count: 0, of: 1 })
  expect(nothing.by_kind).toMatchObject({ control: { exact: { share: 1 } }, straggler: { exact: { share: 0 } } })
})

it('what is left open counts as a question and earns nothing', () => {
  const silent = scored({ 'bad:spans': ['a2'] })
  expect(silent).toMatchObject({
    questions: 4,
    answered: 1,
    open: 3,
    exact: { count: 1, of: 4 },
    joint: { count: 0, of: 2 },
  })
  // Who names a span says that something is wrong.
  expect(silent.detection.recall).toMatchObject({ count: 1, of: 1 })
})

it('an alarm on a control is a false one', () => {
  const loud = scored({ 'good:verdict': 'faulty', 'bad:verdict': 'faulty' })
  expect(loud.detection).toMatchObject({ precision: { count: 1, of: 2 }, false_alarms: { count: 1, of: 1 } })
})

it('an interval has its share in it, and gets narrower with more of the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (of, share) => {
      const count = Math.round(of * share)
      const [low, high] = proportion(count, of).interval as [number, number]
      const [lower, higher] = proportion(count * 4, of * 4).interval as [number, number]
      expect(low).toBeLessThanOrEqual(count / of + 1e-12)
      expect(high).toBeGreaterThanOrEqual(count / of - 1e-12)
      expect(higher - lower).toBeLessThan(high - low)
    }),
  )
})

describe('a file that is none', () => {
  it.each([
    ['{"question_id":"a"}', /^answers.jsonl, line 1: answer: /],
    ['\n{"question_id":"a","answer":{"from":"now"}}', /^answers.jsonl, line 2: answer: text, a number, a list/],
    ['{"question_id":', /^answers.jsonl, line 1 is no JSON: /],
    ['{"question_id":"a","answer":[],"sure":true}', /^answers.jsonl, line 1: Unrecognized key: "sure"/],
  ])('%s', (text, message) => {
    expect(() => readLines(text, 'answers.jsonl', answerSchema)).toThrow(message)
  })

  it('says which line has the same question', () => {
    const twice = readLines('{"question_id":"a","answer":[]}\n\n{"question_id":"a","answer":[]}', 'x', answerSchema)
    expect(() => byQuestion(twice, 'x')).toThrow('x, line 3: a stands in line 1 already')
  })

  it('is a question without its trace', () => {
    const line = JSON.stringify({ question_id: 'a:spans', scope: 'trace', type: 'spans', text: '' })
    expect(() => readLines(line, 'q', questionSchema)).toThrow('q, line 1: one of scope trace has a trace_id')
  })

  it('is a key of another version', () => {
    expect(() => readKey('{"version":2,"level":3,"seed":"1"}', 'key.jsonl')).toThrow(/^key.jsonl, line 1: version: 1/)
  })
})
