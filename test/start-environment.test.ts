import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { cleanEnvironment } from '../scripts/process.ts'
import { startSupervisor, type Supervisor } from './support/supervisor.ts'
import { deadAddress } from './support/ports.ts'

const script = fileURLToPath(new URL('../cli/verify.ts', import.meta.url))
let supervisor: Supervisor | undefined

async function start(env: Record<string, string>): Promise<Supervisor> {
  return (supervisor = await startSupervisor({ OTEL_SDK_DISABLED: 'false', ...env }))
}

afterEach(async () => {
  try {
    if (supervisor) process.kill(supervisor.pid, 'SIGTERM')
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' })
  }
  await supervisor?.ended
  supervisor = undefined
})

it('a name of the shell and a proxy of the user: services are told apart, become ready, and verify holds', async () => {
  const env = {
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=my-agent',
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: await deadAddress(),
  }
  const { ports, until } = await start(env)
  await until(/All services are ready/)
  const args = [
    '--agent',
    `http://127.0.0.1:${ports.SECONDARY_PORT}`,
    '--scenario',
    'fanout?fanout=2&delay_ms=1',
    '--json',
  ]
  args.push('--inspector', `http://127.0.0.1:${ports.INSPECTOR_PORT}`)
  const stdout = await new Promise<string>((resolve) => {
    execFile(process.execPath, [script, ...args], { env: { ...cleanEnvironment(), ...env } }, (_, out) => resolve(out))
  })
  expect(JSON.parse(stdout)).toMatchObject({ passed: true, runs: [{ verification: { verdict: 'complete' } }] })
  const traces = (await (await fetch(`http://127.0.0.1:${ports.INSPECTOR_PORT}/traces`)).json()) as {
    recent: { services: string[] }[]
  }
  expect(traces.recent[0]?.services.toSorted()).toEqual(['my-agent-secondary', 'my-agent-tools'])
})

it('what is wrong for all services is told once, before any starts', async () => {
  const { ended, output } = await start({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key=ab%cd' })
  expect(await ended).toBe(1)
  expect(output().match(/OTEL_EXPORTER_OTLP_HEADERS: expected .*pair 1 \(api-key\)/g)).toHaveLength(1)
  expect(output()).not.toMatch(/ab%cd| \| /)
})
