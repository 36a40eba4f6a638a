import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReporter, type Report } from '../../src/telemetry/reporter.ts'

let lines: string[]
let report: Report

beforeEach(() => {
  vi.useFakeTimers()
  lines = []
  const target = { protocol: 'http/json' as const, url: 'http://collector:4318/v1/traces' }
  report = createReporter(target, 1000, (line) => lines.push(line))
})
afterEach(() => void vi.useRealTimers())

const down = { kind: 'retry', reason: 'connect ECONNREFUSED' } as const
const taken = { kind: 'taken', rejected: 0 } as const
const after = (ms: number) => vi.advanceTimersByTime(ms)

describe('an outage', () => {
  it('is told once with where, why and what to do, and its end is told once', () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      report(down)
      after(5000)
    }
    for (let batch = 0; batch < 10; batch++) report(taken)
    expect(lines).toEqual([
      expect.stringMatching(
        /^http:\/\/collector:4318\/v1\/traces takes no spans \(connect ECONNREFUSED\).*1000 spans.*OTEL_EXPORTER_OTLP_ENDPOINT/,
      ),
      'http://collector:4318/v1/traces takes spans again',
    ])
  })

  it('is not over because an export succeeds that began before another failed', () => {
    const startedAt = performance.now()
    after(10)
    report(down)
    report(taken, startedAt)
    expect(lines).toHaveLength(1)
    after(500)
    report(taken)
    expect(lines).toHaveLength(2)
  })

  it('is told at most once a minute where the collector comes and goes', () => {
    for (let second = 0; second < 180; second++) {
      after(500)
      report(down)
      after(500)
      report(taken)
    }
    expect(lines.filter((line) => line.includes('takes no spans'))).toHaveLength(3)
  })

  it('tells of lost spans once, and how many they were when it is over', () => {
    report(down)
    for (let span = 0; span < 42; span++) report({ kind: 'dropped', spans: 1 })
    after(1)
    report(taken)
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^spans are being lost, GET \/telemetry counts them/),
      'http://collector:4318/v1/traces takes spans again; 42 were lost meanwhile',
    ])
  })
})

describe('a refusal', () => {
  it.each([
    ['401', /OTEL_EXPORTER_OTLP_HEADERS/],
    ['403', /OTEL_EXPORTER_OTLP_HEADERS/],
    ['404', /OTEL_EXPORTER_OTLP_TRACES_ENDPOINT/],
    ['413', /SPAN_BATCH_MIB/],
    ['415', /OTEL_EXPORTER_OTLP_COMPRESSION/],
    ['grpc 16', /OTEL_EXPORTER_OTLP_HEADERS/],
    ['418', /its log may say why/],
  ])('%s is told once, with where, what was said, and the remedy', (code, remedy) => {
    for (let batch = 0; batch < 10; batch++) report({ kind: 'refused', code, reason: 'go away' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`http://collector:4318/v1/traces refuses spans (http/json): ${code} go away`)
    expect(lines[0]).toMatch(remedy)
  })

  it('of another kind is told as well', () => {
    report({ kind: 'refused', code: '401', reason: '' })
    report({ kind: 'refused', code: '500', reason: '' })
    report({ kind: 'taken', rejected: 3, reason: 'too old' })
    report({ kind: 'taken', rejected: 1, reason: 'too old' })
    expect(lines).toHaveLength(3)
    expect(lines[2]).toContain('rejected 3 spans of a batch: too old')
  })
})

describe('an answer that tells nothing', () => {
  it('is told once, with where, what it was, and the remedy', () => {
    for (let batch = 0; batch < 10; batch++) report({ kind: 'unconfirmed', reason: 'text/html' })
    expect(lines).toEqual([
      expect.stringMatching(
        /^http:\/\/collector:4318\/v1\/traces answers success with text\/html.*unconfirmed\. Remedy: OTEL_EXPORTER_OTLP_ENDPOINT/,
      ),
    ])
  })

  it('does not end an outage', () => {
    report(down)
    after(500)
    report({ kind: 'unconfirmed', reason: 'text/html' })
    expect(lines.join()).not.toContain('takes spans again')
  })
})

describe('a warning', () => {
  it('of a full success is told once, whatever figures it has, and another as well', () => {
    for (let batch = 0; batch < 10; batch++) report({ ...taken, reason: `clock is ${batch} s late` })
    report({ ...taken, reason: 'deprecated' })
    expect(lines).toEqual([
      'http://collector:4318/v1/traces takes spans, and warns: clock is 0 s late',
      'http://collector:4318/v1/traces takes spans, and warns: deprecated',
    ])
  })

  it('that is another each time does not fill the log', () => {
    for (let batch = 0; batch < 1000; batch++) report({ ...taken, reason: 'x'.repeat(batch) })
    expect(lines.length).toBeLessThan(50)
  })
})

it('tells once that spans go in another way now, and names it from then on', () => {
  for (let batch = 0; batch < 2; batch++) report({ kind: 'again', protocol: 'http/protobuf', reason: '415 No' })
  report({ kind: 'refused', code: '400', reason: 'no' })
  expect(lines).toEqual([
    expect.stringMatching(
      /takes no JSON \(415 No\): spans go as http\/protobuf.*OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/,
    ),
    expect.stringContaining('refuses spans (http/protobuf): 400 no'),
  ])
})

it('says how long it was asked to wait', () => {
  report({ ...down, retryAfterMs: 119_200 })
  expect(lines[0]).toContain('(connect ECONNREFUSED, asks to wait 120 s)')
})

it('keeps to itself what may be secret in the URL', () => {
  const url = 'http://somebody:passw0rd@collector:4318/t0ps3cret/v1/traces?key=abc'
  createReporter({ protocol: 'http/json', url }, 1000, (line) => lines.push(line))(down)
  expect(lines[0]).toContain('http://collector:4318/…/v1/traces?… takes no spans')
})
