import { fc } from '../../../test/support/properties.ts'
import { describe, expect, it } from 'vitest'
import { Slots } from '../src/slots.ts'

describe('Slots', () => {
  it('does so many at a time, lets so many wait in order, and refuses the rest', () => {
    const slots = new Slots<string>(2, 2)
    expect(['a', 'b', 'c', 'd', 'e'].map((call) => slots.arrive(call))).toEqual([
      'begins',
      'begins',
      'waits',
      'waits',
      'refused',
    ])
    expect(slots.done()).toEqual(['c'])
    slots.leave('d')
    expect(slots.done()).toEqual([])
    expect([slots.busy, slots.waiting]).toEqual([1, 0])
  })

  it('begins nothing while it does more than it has become, and at once what it then has room for', () => {
    const slots = new Slots<string>(3, 9)
    for (const call of 'abcde') slots.arrive(call)
    expect(slots.resize(1)).toEqual([])
    expect([slots.done(), slots.done(), slots.done()]).toEqual([[], [], ['d']])
    expect(slots.resize(4)).toEqual(['e'])
  })

  it('neither loses a call nor lets one before another, whatever comes when', () => {
    const step = fc.oneof(
      fc.constant('arrive' as const),
      fc.constant('done' as const),
      fc.constant('leave' as const),
      fc.integer({ min: 1, max: 4 }),
    )
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), fc.nat({ max: 4 }), (steps, capacity, queue) => {
        const slots = new Slots<number>(capacity, queue)
        let next = 0
        const begun: number[] = []
        const waiting: number[] = []
        const begin = (calls: number[]) => {
          expect(calls).toEqual(waiting.splice(0, calls.length))
          begun.push(...calls)
        }
        for (const what of steps) {
          if (what === 'arrive') {
            const call = next++
            const admission = slots.arrive(call)
            if (admission === 'begins') begun.push(call)
            if (admission === 'waits') waiting.push(call)
          } else if (what === 'leave') slots.leave(waiting.pop() ?? -1)
          else if (typeof what === 'number') begin(slots.resize(what))
          else if (begun.length > 0) {
            begun.shift()
            begin(slots.done())
          }
          expect([slots.busy, slots.waiting]).toEqual([begun.length, waiting.length])
        }
      }),
    )
  })
})
