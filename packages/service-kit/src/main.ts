import { EnvironmentError } from './environment.ts'

/** Runs a service's start; a bad environment is told in its own words, without a stack, and the process exits 1. */
export async function runMain(name: string, start: () => Promise<void>): Promise<void> {
  // That nobody reads the output any more is no reason to lose runs and spans.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  try {
    await start()
  } catch (error) {
    console.error(error instanceof EnvironmentError ? `${name} does not start. ${error.message}` : error)
    process.exit(1)
  }
}
