// Installs what is missing before anything else runs. Plain JavaScript: the Node that runs it may be too old for TypeScript.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = `${root}node_modules/.installed`
const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.error('Installing dependencies (npm ci) …')
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      // npm hands its settings down in the environment; a `-w` of the outer command is not meant for this one.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_config_workspace'))),
    })
  } catch {
    console.error('npm ci failed; what it said is above.')
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
}

// npm puts node_modules/.bin first in PATH, so the Node that was just installed is the next one found.
if (!existsSync(`${root}node_modules/.bin/node`)) {
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)
  if (major * 1e6 + minor * 1e3 + patch < 24_011_001) {
    console.error(
      `Node ${process.versions.node} is too old, and none comes with the dependencies for ${process.platform} ${process.arch}: install Node 24.11.1 or newer, or use Docker.`,
    )
    process.exit(1)
  }
}
