import { describe, expect, it } from 'vitest'
import { fc } from '../../../test/support/properties.ts'
import { hash } from 'node:crypto'
import { canonicalJson, seal } from '../src/seal.ts'
import { drawSecret, keyedSeed, secretPattern } from '../src/secret.ts'

describe('canonical JSON', () => {
  it('is the same for the same value, however it was put together', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 'ü' }], a: null, e: undefined })).toBe('{"a":null,"b":[{"c":"ü","d":1}]}')
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(value))).toBe(text)
      }),
    )
  })
})

/** The same with all names in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, part]) => [name, reversed(part)]),
  )
}

describe('a seal', () => {
  it('is the hash of key and salt, and another each time', () => {
    const key = { faults: [], verdict: 'healthy' }
    const { salt, sha256 } = seal(key)
    expect(salt).toMatch(/^[0-9a-f]{32}$/)
    expect(sha256).toBe(hash('sha256', `{"key":{"faults":[],"verdict":"healthy"},"salt":"${salt}"}`))
    expect(seal(key).sha256).not.toBe(sha256)
    expect(seal(key, salt).sha256).toBe(sha256)
  })
})

describe('a keyed seed', () => {
  it('is HMAC-SHA-256 of the seed', () => {
    // https://www.rfc-editor.org/rfc/rfc4231#section-4.3, with the key in hex.
    const key = Buffer.from('Jefe').toString('hex')
    expect(keyedSeed(key, 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })

  it('is another with another secret', () => {
    const [one, other] = [drawSecret(), drawSecret()]
    expect(one).toMatch(secretPattern)
    expect(keyedSeed(one, 'a')).not.toBe(keyedSeed(other, 'a'))
  })
})
