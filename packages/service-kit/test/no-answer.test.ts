import { expect, test } from 'vitest'
import { whyNoAnswer } from '../src/no-answer.ts'

test('why there was no answer is a word where there is one, and never a number', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' })
  expect(whyNoAnswer(refused)).toBe('ECONNREFUSED')
  expect(whyNoAnswer(new DOMException('It took too long', 'TimeoutError'))).toBe('It took too long')
  expect(whyNoAnswer(new TypeError('Invalid URL'))).toBe('Invalid URL')
})
