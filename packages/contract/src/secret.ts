import { createHmac, randomBytes } from 'node:crypto'

/** What blind runs draw with, as text has it: 128 bits at least, in hex. */
export const secretPattern = /^[0-9a-f]{32,128}$/
export const secretExpected = '32 to 128 hex digits in lower case'

/** A secret that nobody knows: 128 random bits. */
export const drawSecret = (): string => randomBytes(16).toString('hex')

/**
 * The seed of a blind run: 64 hex digits of HMAC-SHA-256 of the seed that was asked for. Whoever knows all that is drawn
 * from it finds no seed by trying seeds, for they would have to try secrets.
 */
export function keyedSeed(secret: string, seed: string): string {
  return createHmac('sha256', Buffer.from(secret, 'hex')).update(seed).digest('hex')
}
