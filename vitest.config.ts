import { fileURLToPath } from 'node:url'
import { keepLoopbackDirect } from 'service-kit/loopback'
import { defineConfig } from 'vitest/config'

keepLoopbackDirect(process.env)
// Most tests start processes, and half of what a start costs is compiling what another has compiled before.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url))

export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    // What is waited for comes at once on a machine that does nothing else. One that is busy is no fault, so that these only
    // end what hangs: starting three processes has taken a minute beside thirty others.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
    // However few cores there are: most files start real processes, and wait for them for much of their time.
    maxWorkers: 4,
  },
})
