// npm run chart: renders the chart for those without Helm, into deploy/kustomize. Needs Helm: HELM_BIN, or one on the PATH.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const chart = fileURLToPath(new URL('../deploy/helm/synthetic-agents', import.meta.url))
export const rendered = fileURLToPath(new URL('../deploy/kustomize/synthetic-agents.yaml', import.meta.url))
const helm = process.env.HELM_BIN || 'helm'

/** Runs Helm. Throws an Error with what it said. */
export function runHelm(...args: string[]): string {
  return execFileSync(helm, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The chart as it is with its own values, or with others. */
export const render = (...args: string[]) =>
  runHelm('template', 'synthetic-agents', chart, '--no-hooks', '--kube-version', '1.34.0', ...args)

/** What `kubectl apply -k deploy/kustomize` applies. */
export const renderWhole = () => `# Made from deploy/helm by npm run chart: change that.\n${render()}`

if (import.meta.main) writeFileSync(rendered, renderWhole())
