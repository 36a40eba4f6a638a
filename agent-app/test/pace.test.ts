import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Pace } from '../src/pace.ts'

it('lets so many begin in a turn of the event loop, the others in later turns, in their order', async () => {
  const pace = new Pace(3)
  const begun: number[] = []
  const begin = async (index: number) => {
    await pace.next()
    begun.push(index)
  }
  const all = Promise.all(Array.from({ length: 8 }, (_, index) => begin(index)))
  const seen: number[] = []
  for (let count = 0; count < 4; count++) {
    await turn()
    seen.push(begun.length)
  }
  await all
  expect(seen).toEqual([6, 8, 8, 8])
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

it('counts the pieces of work, not those who do it', async () => {
  const pace = new Pace(4)
  const begun: number[] = []
  const begin = async (pieces: number) => {
    await pace.next(pieces)
    begun.push(pieces)
  }
  const all = Promise.all([begin(3), begin(9), begin(1), begin(4), begin(1)])
  const seen: number[][] = []
  for (let count = 0; count < 3; count++) {
    await turn()
    seen.push([...begun])
  }
  await all
  // What is too much for a turn has one for itself.
  expect(seen).toEqual([
    [3, 9, 1, 4],
    [3, 9, 1, 4, 1],
    [3, 9, 1, 4, 1],
  ])
})

it('holds nobody up who comes alone', async () => {
  const pace = new Pace(1)
  for (let count = 0; count < 3; count++) {
    expect(pace.next()).toBeUndefined()
    await turn()
    await turn()
  }
})
