import { fc } from '../../test/support/properties.ts'
import { expect, it } from 'vitest'
import { fold } from '../fold.ts'

it('breaks lines between words, and indents what follows', () => {
  expect(fold('a short one\n  worker:26 and worker:76 took 824 ms', 20)).toBe(
    'a short one\n  worker:26 and\n    worker:76 took\n    824 ms',
  )
})

it('loses no word and makes none, and no line is too long but for one word', () => {
  const words = fc.array(fc.stringMatching(/^\S{1,30}$/), { maxLength: 30 })
  fc.assert(
    fc.property(words, fc.integer({ min: 5, max: 40 }), (all, columns) => {
      const lines = fold(all.join(' '), columns).split('\n')
      expect(lines.flatMap((line) => line.match(/\S+/g) ?? [])).toEqual(all)
      for (const line of lines) if (line.length > columns) expect(line.trim()).not.toContain(' ')
    }),
  )
})
