import { effect, signal } from '@preact/signals'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const key = 'theme'
const kept = localStorage.getItem(key)

export const theme = signal<Theme>(themes.find((each) => each === kept) ?? 'auto')
const prefersDark = matchMedia('(prefers-color-scheme: dark)')
/** Counts changes of colours, for canvases to be drawn again. */
export const repaints = signal(0)

effect(() => {
  document.documentElement.dataset.theme = theme.value
  localStorage.setItem(key, theme.value)
  repaints.value = repaints.peek() + 1
})
prefersDark.addEventListener('change', () => repaints.value++)

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] as Theme
}
