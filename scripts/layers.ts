/** Which part may import which, beside itself. Arrows point down: services use packages, and no package knows a service. A test walks all imports. */
export const mayImport = {
  contract: [],
  dialects: ['contract'],
  findings: ['contract'],
  engine: ['contract', 'dialects', 'findings'],
  exam: ['contract', 'findings'],
  simulate: ['contract', 'dialects', 'engine', 'findings', 'service-kit'],
  'service-kit': ['contract', 'dialects'],
  'tool-service': ['contract', 'service-kit'],
  'agent-app': ['contract', 'dialects', 'engine', 'service-kit'],
  'trace-inspector': ['contract', 'dialects', 'engine', 'exam', 'findings', 'service-kit'],
} satisfies Record<string, readonly string[]>
export type Part = keyof typeof mayImport
