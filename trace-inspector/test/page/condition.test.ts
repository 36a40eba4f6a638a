import { expect, test } from 'vitest'
import { type Condition, holds, parseCondition, parseDuration } from '../../src/page/model/condition.ts'

test.each([
  ['a.b=c', { key: 'a.b', sign: '=', value: 'c' }],
  ['a>=5', { key: 'a', sign: '>=', value: '5' }],
  ['a!="b c"', { key: 'a', sign: '!=', value: 'b c' }],
  ['a="b c', { key: 'a', sign: '=', value: 'b c' }],
  ['url=http://x?a=b', { key: 'url', sign: '=', value: 'http://x?a=b' }],
  ['a=', { key: 'a', sign: '=', value: '' }],
  ['=a', undefined],
  ['plain', undefined],
  ['a b=c', undefined],
])('%j is read as %j', (text, expected) => expect(parseCondition(text)).toEqual(expected))

test.each([
  ['a=search', 'Search', true],
  ['a=search', 'research', false],
  ['a!=search', 'mail', true],
  ['a!=search', undefined, false],
  ['a=', 0, true],
  ['a=', undefined, false],
  ['a=503', 503, true],
  ['a=5.0', 5, true],
  ['a>100', 250, true],
  ['a>100', '250', true],
  ['a>100', 'many', false],
  ['a<=100', 100, true],
  ['a=true', true, true],
  ['a=null', null, true],
  ['a=b', ['a', 'b'], true],
  ['a=c', ['a', 'b'], false],
  ['a={"x":1}', { x: 1 }, true],
  // Beyond 2^53 a double is several numbers at once.
  ['a=9007199254740993', { int: '9007199254740993' }, true],
  ['a>9007199254740992', { int: '9223372036854775807' }, true],
  ['a=nan', { double: 'NaN' }, true],
  ['a=9007199254740993', 9007199254740992, false],
])('%s of %j: %s', (text, actual, expected) => expect(holds(parseCondition(text) as Condition, actual)).toBe(expected))

test.each([
  ['500', 500],
  ['500ms', 500],
  ['1.5s', 1500],
  ['20µs', 0.02],
  ['20us', 0.02],
  ['2min', 120_000],
  ['x', Number.NaN],
  ['5 s', Number.NaN],
])('%j lasts %s ms', (text, expected) => expect(parseDuration(text)).toBe(expected))
