import { expect, test } from 'vitest'
import { flag } from '../../src/page/model/columns.ts'
import { durations, ms, percent, tick, whole } from 'findings/format'
import { findIdle } from '../../src/page/model/idle.ts'
import { pan, ticks, Timeline, zoom } from '../../src/page/model/scale.ts'
import { buildTree } from '../../src/page/model/tree.ts'
import { columnsOf } from './support/columns.ts'

const extent = { start: 0, end: 1000 }

test('without gaps time is drawn as it is', () => {
  const line = new Timeline(extent, [])
  expect(line.length).toBe(1000)
  expect(line.drawn(250)).toBe(250)
  expect(line.time(250)).toBe(250)
})

test('a gap is pressed together, and times on both sides stay apart', () => {
  const line = new Timeline(extent, [{ start: 100, end: 900, isHuman: true }])
  expect(line.length).toBeLessThan(220)
  expect(line.drawn(100)).toBe(100)
  expect(line.drawn(1000) - line.drawn(900)).toBeCloseTo(100)
  for (const time of [0, 50, 100, 500, 900, 950, 1000]) expect(line.time(line.drawn(time))).toBeCloseTo(time)
})

test('times beyond the trace go on', () => {
  const line = new Timeline(extent, [])
  expect(line.drawn(1100)).toBeCloseTo(1100)
  expect(line.drawn(-50)).toBeCloseTo(-50)
})

test('zoom keeps what is under the anchor, and stays within the trace', () => {
  expect(zoom({ from: 0, to: 1000 }, 0.5, 0.5, 1000)).toEqual({ from: 250, to: 750 })
  expect(zoom({ from: 250, to: 750 }, 4, 0.5, 1000)).toEqual({ from: 0, to: 1000 })
  expect(pan({ from: 250, to: 750 }, 1, 1000)).toEqual({ from: 500, to: 1000 })
})

test('ticks are drawn outside of what is pressed, and as dense as elsewhere', () => {
  const line = new Timeline({ start: 0, end: 86_400_200 }, [{ start: 100, end: 86_400_100, isHuman: true }])
  const { times, stepMs } = line.ticks({ from: 0, to: line.length }, 4)
  expect(stepMs).toBe(100)
  expect(times).toEqual([0, 100, 86_400_100, 86_400_200])
  expect(line.ticks({ from: 20, to: 60 }, 4).times).toEqual([20, 30, 40, 50, 60])
})

test('ticks are round', () => {
  expect(ticks(0, 1000, 5)).toEqual([0, 200, 400, 600, 800, 1000])
  expect(ticks(3, 3, 5)).toEqual([])
})

test('the wait for a person is idle, the work around it is not', () => {
  const columns = columnsOf([
    { id: 'run', ms: 1000 },
    { id: 'chat', parent: 'run', ms: 100 },
    { id: 'wait', parent: 'run', start: 100, ms: 800, flags: flag.idle },
    { id: 'call', parent: 'run', start: 900, ms: 100 },
  ])
  expect(findIdle(columns, buildTree(columns), extent)).toEqual([{ start: 100, end: 900, isHuman: true }])
})

test('a call that another service answers works all the while', () => {
  const columns = columnsOf([
    { id: 'run', ms: 1000 },
    { id: 'call', parent: 'run', ms: 1000 },
    { id: 'server', parent: 'call', start: 800, ms: 100, service: 'tool-service' },
  ])
  expect(findIdle(columns, buildTree(columns), extent)).toEqual([])
})

test.each([
  [0, '0 ms'],
  [0.0123, '0.012 ms'],
  [3.456, '3.5 ms'],
  [9.96, '10 ms'],
  [812.4, '812 ms'],
  [1210, '1210 ms'],
  [-1210, '-1210 ms'],
  [12_345, '12\u202f345 ms'],
  [120_000, '120.0 s'],
  [5_400_000, '90.0 min'],
])('%s ms reads %s', (value, text) => expect(ms(value)).toBe(text))

test('ticks and large numbers read well', () => {
  expect(tick(200, 200, 1000)).toBe('200 ms')
  expect(tick(200, 200, 200_000)).toBe('0.2 s')
  expect(tick(0.5, 0.5, 1000)).toBe('0.5 ms')
  expect(percent(0.0001)).toBe('< 0.1 %')
  expect(whole(1234567)).toBe('1\u202f234\u202f567')
})

test('what stands side by side has one unit', () => {
  expect([5, 89, 9999].map(durations(9999))).toEqual(['5.0 ms', '89 ms', '9999 ms'])
  expect([214, 9000, 123_456].map(durations(123_456))).toEqual(['0.2 s', '9.0 s', '123.5 s'])
})

test('beside minutes and hours what is short is not rounded to nothing', () => {
  expect([0, 13, 123_456].map(durations(123_456))).toEqual(['0 ms', '13 ms', '123.5 s'])
  expect([13, 3_600_000].map(durations(3_600_000))).toEqual(['13 ms', '60.0 min'])
})
