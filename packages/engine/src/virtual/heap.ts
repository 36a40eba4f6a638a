/** A binary heap: the smallest first, equal ones in the order in which they came. */
export class Heap<T extends { atMs: number; order: number }> {
  readonly #items: T[] = []

  /** All of them, in no order. */
  get items(): readonly T[] {
    return this.#items
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let at = items.length
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = items[parent] as T
      if (isBefore(above, item)) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && isBefore(items[child + 1] as T, items[child] as T)) child++
      if (isBefore(last, items[child] as T)) break
      items[at] = items[child] as T
      at = child
    }
    items[at] = last
    return first
  }
}

const isBefore = (a: { atMs: number; order: number }, b: { atMs: number; order: number }) =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
