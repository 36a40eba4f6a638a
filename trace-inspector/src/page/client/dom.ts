/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The element with this class below `root`; the page's own markup always has it. */
export function find<Kind extends HTMLElement>(root: ParentNode, selector: string): Kind | null {
  return root.querySelector<Kind>(selector)
}

/** A canvas, ready to be drawn on in CSS pixels; undefined while it has no size. */
export function prepare(
  canvas: HTMLCanvasElement,
): { pen: CanvasRenderingContext2D; width: number; height: number } | undefined {
  const { clientWidth: width, clientHeight: height } = canvas
  const pen = canvas.getContext('2d')
  if (!pen || width === 0 || height === 0) return undefined
  const ratio = devicePixelRatio || 1
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio)
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  return { pen, width, height }
}

/** Colours of the theme that is in force, for canvases: CSS does not reach into them. */
export function colours<Name extends string>(element: Element, names: readonly Name[]): Record<Name, string> {
  const style = getComputedStyle(element)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Record<
    Name,
    string
  >
}
