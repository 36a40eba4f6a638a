/**
 * What no number here can hold, as it was sent: the digits of a large whole number, the word for what is no number, the
 * base64 of bytes; and a group that was told from these. All else as it is.
 */
export function plainOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const [entry, ...others] = Object.entries(value)
  const [kind, inner] = entry ?? []
  if (others.length > 0) return value
  const isWrapped = typeof inner === 'string' && ['int', 'double', 'bytes'].includes(kind ?? '')
  return isWrapped || kind === 'group' ? inner : value
}

/** The same of all that is inside as well. */
export function plainly(value: unknown): unknown {
  const plain = plainOf(value)
  if (typeof plain !== 'object' || plain === null) return plain
  return Array.isArray(plain) ? plain.map(plainly) : plainMembers(plain)
}

/** The members of a group, or attributes, each as it was sent. */
export const plainMembers = (members: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).map(([name, inner]) => [name, plainly(inner)]))
