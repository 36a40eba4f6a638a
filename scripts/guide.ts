import { type Setup, urlOf } from './services.ts'

/** Where to go, now that all services are ready. */
export function guide({ services, host }: Setup): string {
  const places = services.map(({ name, port }) => [name, urlOf(host, port)] as const)
  const url = Object.fromEntries(places)
  const width = Math.max(...places.map(([name]) => name.length))
  // The scripts know the usual places; told the others, they find these too.
  const bases = { AGENT_BASE: url['agent-app'], SECONDARY_BASE: url['agent-app-secondary'] }
  const isUsual = bases.AGENT_BASE?.endsWith(':8080') && bases.SECONDARY_BASE?.endsWith(':8082')
  const told = Object.entries(bases).map(([name, base]) => `${name}=${base} `)
  return [
    '',
    'All services are ready. Ctrl-C ends them.',
    ...places.map(([name, base]) => `  ${name.padEnd(width)}  ${base}`),
    '',
    'Try:',
    `  curl '${url['agent-app']}/run?scenario=fanout'`,
    `  ${isUsual ? '' : told.join('')}./generate_scenarios.sh`,
    `  npm run verify${verifyArguments(url)}`,
    '',
  ].join('\n')
}

/** What `npm run verify` has to be told where services are not at their usual places. */
function verifyArguments(url: Record<string, string>): string {
  const usual = { 'agent-app': ':8080', 'trace-inspector': ':4319' }
  if (Object.entries(usual).every(([name, port]) => url[name]?.endsWith(port))) return ''
  return ` -- --agent ${url['agent-app']} --inspector ${url['trace-inspector']}`
}
