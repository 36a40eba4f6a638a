import { EnvironmentError } from './environment.ts'

/** Runs a service's start; a bad environment is told in its own words, without a stack, and the process exits 1. */
export async function runMain(name: string, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    console.error(error instanceof EnvironmentError ? `${name} does not start. ${error.message}` : error)
    process.exit(1)
  }
}
