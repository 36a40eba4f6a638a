import { keepLoopbackDirect } from 'service-kit/loopback'
import { defineConfig } from 'vitest/config'

keepLoopbackDirect(process.env)

export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A machine that is busy with something else is no fault.
    expect: { poll: { timeout: 30_000 } },
    // Two files at a time: most start real processes, and runs with tens of thousands of spans want a core each.
    maxWorkers: 2,
  },
})
