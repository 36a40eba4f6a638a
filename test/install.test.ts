import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const script = fileURLToPath(new URL('../scripts/install.mjs', import.meta.url))

/** Runs it where all is installed and no Node came with it, on a process that says it is another. */
async function install(claims: { version: string; platform: string; arch: string }) {
  const root = await mkdtemp(join(tmpdir(), 'install-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const folder of ['scripts', 'node_modules']) await mkdir(join(root, folder))
  for (const lock of ['package-lock.json', 'node_modules/.package-lock.json'])
    await writeFile(join(root, lock), '{ "packages": {} }')
  await cp(script, join(root, 'scripts/install.mjs'))
  const { version, platform, arch } = claims
  const pretence = Object.entries({ versions: { ...process.versions, node: version }, platform, arch })
    .map(([name, value]) => `Object.defineProperty(process, '${name}', { value: ${JSON.stringify(value)} })`)
    .join(';')
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretence)}`, join(root, 'scripts/install.mjs')]
  return new Promise<{ code: number; stderr: string }>((resolve) => {
    execFile(process.execPath, args, { env: { PATH: process.env.PATH } }, (error, _stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    )
  })
}

it('takes a Node that is new enough, wherever it is from', async () => {
  expect(await install({ version: '24.11.1', platform: 'darwin', arch: 'arm64' })).toEqual({ code: 0, stderr: '' })
})

it('says what to install where the Node is too old and none comes along', async () => {
  const { code, stderr } = await install({ version: '24.9.0', platform: 'darwin', arch: 'arm64' })
  expect(stderr).toMatch(
    /^Node 24\.9\.0 is too old, and none comes with the dependencies for darwin arm64\.\nInstall Node/,
  )
  expect(code).toBe(1)
})

it('says where it runs on Windows', async () => {
  const { code, stderr } = await install({ version: '24.21.0', platform: 'win32', arch: 'x64' })
  expect(stderr).toMatch(/^On Windows this runs in WSL 2, which is Linux, or with Docker/)
  expect(code).toBe(1)
})
