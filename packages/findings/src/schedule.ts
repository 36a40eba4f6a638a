/**
 * When the last task of a list schedule ends (Graham 1966): tasks start in the given order, each as soon as one of
 * `slots` is free. `durations` in any unit, the result in the same.
 */
export function makespan(durations: ArrayLike<number> & Iterable<number>, slots: number): number {
  const freeAt = Array.from({ length: Math.min(slots, durations.length) }, () => 0)
  let end = 0
  for (const duration of durations) {
    // freeAt is a binary heap with the earliest slot at its root: take it, and sift its new time down.
    const busyUntil = (freeAt[0] as number) + duration
    end = Math.max(end, busyUntil)
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= freeAt.length) break
      if (child + 1 < freeAt.length && (freeAt[child + 1] as number) < (freeAt[child] as number)) child++
      if ((freeAt[child] as number) >= busyUntil) break
      freeAt[at] = freeAt[child] as number
      at = child
    }
    freeAt[at] = busyUntil
  }
  return end
}
