/** Does `task` for 0 to count − 1, at most `lanes` at a time, begun in this order. A task must not reject. */
export async function inLanes(count: number, lanes: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane))
}
