import { membersOf } from './answers.ts'

/** Of what members arguments are, and of which types; of an action which it is. Two calls of one schema may have two shapes. */
export function shapeOf(text: string | undefined): string {
  const shape = Object.entries(membersOf(text) ?? {}).map(([name, value]) =>
    name === 'action' ? `${name}=${String(value)}` : `${name}:${Array.isArray(value) ? 'array' : typeof value}`,
  )
  return shape.toSorted().join(' ')
}
