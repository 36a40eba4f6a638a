import { computed, effect, signal } from '@preact/signals'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const key = 'theme'
const kept = localStorage.getItem(key)

export const theme = signal<Theme>(themes.find((each) => each === kept) ?? 'auto')
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
const changes = signal(0)
/** Colours of the theme that is in force, for canvases: CSS does not reach into them. */
export const palette = computed(() => (changes.value, readColours()))

effect(() => {
  document.documentElement.dataset.theme = theme.value
  localStorage.setItem(key, theme.value)
  changes.value = changes.peek() + 1
})
prefersDark.addEventListener('change', () => changes.value++)

const names = 'hue-0 hue-1 hue-2 hue-3 hue-4 hue-5 error accent mark ink muted critical link'.split(' ')

function readColours(): Readonly<Record<string, string>> {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))
}

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] as Theme
}
