/** A part of a whole, drawn beside the others. */
export interface Part {
  kind: string
  ms: number
  isMarked: boolean
  text: string
}

/**
 * The same parts with neighbours of one kind put together until about `most` are left: thinner ones than a pixel, and the
 * gaps between them, would leave nothing to be seen. What is marked stays by itself.
 */
export function fewerParts(parts: readonly Part[], most: number): Part[] {
  if (parts.length <= most) return [...parts]
  const least = parts.reduce((sum, { ms }) => sum + ms, 0) / most
  const fewer: (Part & { count: number })[] = []
  for (const part of parts) {
    const last = fewer.at(-1)
    if (!last || last.kind !== part.kind || last.isMarked || part.isMarked || last.ms >= least)
      fewer.push({ ...part, count: 1 })
    else {
      last.count++
      last.ms += part.ms
      last.text = `${last.count} × ${last.kind}`
    }
  }
  return fewer.map(({ count: _count, ...part }) => part)
}
