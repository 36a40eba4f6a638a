/** How many of these are smaller than a value. `sorted` is ascending. */
export const countBelow = (sorted: ArrayLike<number>, value: number): number =>
  countWhile(sorted, (each) => each < value)

/** How many of these are no larger than a value. `sorted` is ascending. */
export const countUpTo = (sorted: ArrayLike<number>, value: number): number =>
  countWhile(sorted, (each) => each <= value)

/** By halves: whoever looks for each of many does not go through all of them each time. */
function countWhile(sorted: ArrayLike<number>, isIn: (value: number) => boolean): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (isIn(sorted[middle] as number)) from = middle + 1
    else to = middle
  }
  return from
}
