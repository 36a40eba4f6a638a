import { type Setup, urlOf } from './services.ts'

/** Where scripts and `npm run verify` look by themselves, and what says otherwise. */
const usual = {
  'agent-app': ['AGENT_BASE', 'http://127.0.0.1:8080'],
  'agent-app-secondary': ['SECONDARY_BASE', 'http://127.0.0.1:8082'],
  'tool-service': ['TOOL_BASE', 'http://127.0.0.1:8081'],
  'trace-inspector': ['INSPECTOR_BASE', 'http://127.0.0.1:4319'],
} as const

/** Where to go, now that all services are ready. */
export function guide({ services, host, spansTo }: Setup): string {
  const places = services.map(({ name, port }) => [name, urlOf(host, port)] as const)
  const url = Object.fromEntries(places)
  const width = Math.max(...places.map(([name]) => name.length))
  const inspector = url['trace-inspector'] as string
  const told = Object.entries(usual).filter(([name, [, base]]) => url[name] !== base)
  return [
    '',
    'All services are ready. Ctrl-C ends them.',
    ...places.map(([name, base]) => `  ${name.padEnd(width)}  ${base}`),
    `Spans go to ${spansTo.join(' and to ')}.`,
    ...(spansTo.includes(inspector)
      ? []
      : [`ALSO_SEND_SPANS_TO=${inspector} sends them to trace-inspector as well, if they do not end there anyway.`]),
    '',
    'Try, in another terminal:',
    ...told.map(([name, [variable]]) => `  export ${variable}=${url[name]}`),
    `  curl '${url['agent-app']}/run?scenario=fanout'`,
    '  ./generate_scenarios.sh',
    '  npm run verify',
    '',
    `open ${inspector.replace('//127.0.0.1:', '//localhost:')}`,
    '',
  ].join('\n')
}
