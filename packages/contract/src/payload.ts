import { createCipheriv, createHash, randomBytes } from 'node:crypto'

const block = Buffer.alloc(48 * 1024)
/** 48 KiB of key stream are exactly 64 KiB of base64. */
const blockLength = 65_536

/**
 * `length` characters of text that compression cannot fold away, in pieces of 64 KiB: an AES-256-CTR key stream in base64.
 * The same for the same `seed`, drawn where there is none.
 */
export function* payloadText(length: number, seed: string | undefined): Generator<string> {
  const key = seed === undefined ? randomBytes(32) : createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  for (let left = length; left > 0; left -= blockLength) yield cipher.update(block).toString('base64').slice(0, left)
}

/** The same in one piece. */
export function payloadOf(length: number, seed: string): string {
  return [...payloadText(length, seed)].join('')
}
