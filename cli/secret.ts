import { drawSecret, secretExpected, secretPattern } from 'contract/secret'
import { UsageError } from './command.ts'

/** What blind runs draw with; drawn where nobody says it. Throws a UsageError that does not repeat it. */
export function readSecret(text: string | undefined): string {
  const secret = text || drawSecret()
  if (secretPattern.test(secret)) return secret
  throw new UsageError(`--secret, or RUN_SECRET: expected ${secretExpected}`)
}
