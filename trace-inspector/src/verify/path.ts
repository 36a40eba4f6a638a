/** Names from the root to a span as one line. A chain is thousands deep: what lies between is counted. */
export function shortPath(names: readonly string[]): string {
  const shown = names.length > 8 ? [...names.slice(0, 2), `… ${names.length - 7} more …`, ...names.slice(-5)] : names
  return shown.join(' > ')
}
