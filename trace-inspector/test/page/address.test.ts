import { expect, test } from 'vitest'
import { formatAddress, nowhere, parseAddress } from '../../src/page/model/address.ts'

const trace = 'a'.repeat(32)

test.each([
  ['/', nowhere],
  ['/?scenario=fanout&fanout=50&seed=a', { ...nowhere, scenario: 'fanout', params: { fanout: '50', seed: 'a' } }],
  [`/?trace=${trace}&span=abc&tab=verify`, { ...nowhere, page: 'trace', trace, span: 'abc', tab: 'verify' }],
  ['/?page=exam&scenario=dag&seed=x', { ...nowhere, page: 'exam', scenario: 'dag', params: { seed: 'x' } }],
] as const)('%s says the same both ways', (text, address) => {
  expect(parseAddress(text.slice(1))).toEqual(address)
  expect(formatAddress(address)).toBe(text)
})

test('what makes no sense is as if it were absent', () => {
  expect(parseAddress('?trace=nonsense&tab=nowhere')).toEqual(nowhere)
})
