// Installs what is missing before anything else runs. Plain JavaScript: the Node that runs it may be too old for TypeScript.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** npm puts node_modules/.bin first in PATH, so a Node that comes with the dependencies is the next one found. */
const bundledNode = `${root}node_modules/.bin/node`
/** Older ones lack the loader hook that telemetry needs. */
const oldestNode = '24.11.1'

const packagesOf = (path) => JSON.parse(readFileSync(path, 'utf8')).packages

/** Whether node_modules is what the lock file says. npm writes its own record of it last, so a broken-off install has none. */
function isInstalled() {
  const record = `${root}node_modules/.package-lock.json`
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(`${root}package-lock.json`)).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  )
}

const lock = `${root}.installing`

/** Takes the lock, or waits for whoever has it: two services may be started at once in a fresh clone. */
function lockOut() {
  for (;;) {
    try {
      return writeFileSync(lock, String(process.pid), { flag: 'wx' })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isHolderAlive()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    else rmSync(lock, { force: true })
  }
}

function isHolderAlive() {
  try {
    return process.kill(Number(readFileSync(lock, 'utf8')), 0)
  } catch (error) {
    return error.code !== 'ESRCH'
  }
}

function install() {
  console.error('Installing dependencies (npm ci) …')
  try {
    execFileSync('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      // npm hands its settings down in the environment; a `-w` of the outer command is not meant for this one.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_config_workspace'))),
    })
  } catch {
    console.error('npm ci failed; what it said is above.')
    process.exit(1)
  }
}

/** Whether a Node is there and runs: one that is linked against glibc does not on Alpine, say. */
function runs(node) {
  try {
    execFileSync(node, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// Its shell reads none of the scripts in package.json.
if (process.platform === 'win32' && !process.env.npm_config_script_shell) {
  console.error(
    'On Windows this runs in WSL 2, which is Linux, or with Docker; CONTRIBUTING.md says more under "Platforms".',
  )
  process.exit(1)
}

if (!isInstalled()) {
  lockOut()
  process.on('exit', () => rmSync(lock, { force: true }))
  if (!isInstalled()) install()
  if (!runs(bundledNode)) rmSync(bundledNode, { force: true })
}

if (!existsSync(bundledNode) && process.versions.node.localeCompare(oldestNode, 'en', { numeric: true }) < 0) {
  console.error(
    `Node ${process.versions.node} is too old, and none comes with the dependencies for ${process.platform} ${process.arch}.\nInstall Node ${oldestNode} or newer (https://nodejs.org/en/download, nvm install 24, brew install node), or use Docker.`,
  )
  process.exit(1)
}
