/**
 * Keeps what goes to this machine from going through a proxy: fetch, undici and gRPC look at `NO_PROXY` when they connect. A
 * proxy elsewhere would look for these services on a machine of its own.
 */
export function keepLoopbackDirect(env: NodeJS.ProcessEnv, ...hosts: string[]): void {
  const asked = (env.no_proxy ?? env.NO_PROXY ?? '').split(/[\s,]+/).filter((host) => host !== '')
  env.no_proxy = env.NO_PROXY = [...new Set([...asked, 'localhost', '127.0.0.1', '::1', ...hosts])].join(',')
}
