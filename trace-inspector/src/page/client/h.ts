import { type ComponentChildren, createElement, type Key, type VNode } from 'preact'

/** A function that draws something from its props. */
export type Component<Props> = (props: Props) => ComponentChildren

/**
 * A component with its props, which the compiler checks: none missing, none wrong, none too many. A template would take
 * any, and Preact's own function takes those that nobody knows.
 */
export function h<Props extends object>(component: Component<Props>, props: NoInfer<Props>, key?: Key): VNode {
  // Which props an element had is nobody's business any more once they are checked.
  return createElement<object>(component as Component<object>, { ...props, key })
}
