import { createCipheriv, createSecretKey, hash, randomBytes } from 'node:crypto'

/** Three bytes of key stream are four characters of base64. */
const block = Buffer.alloc(48 * 1024)
const start = Buffer.alloc(16)
const blockLength = 65_536

/**
 * `length` characters of text that compression cannot fold away, in pieces of 64 KiB: an AES-256-CTR key stream in base64.
 * The same for the same `seed`, drawn where there is none.
 */
export function* payloadText(length: number, seed: string | undefined): Generator<string> {
  const key = seed === undefined ? randomBytes(32) : hash('sha256', seed, 'buffer')
  // As a key object: asking bytes whether they are one throws an error inside of Node, and costs more than the text.
  const cipher = createCipheriv('aes-256-ctr', createSecretKey(key), start)
  for (let left = length; left > 0; left -= blockLength) {
    const needed = Math.ceil(Math.min(left, blockLength) / 4) * 3
    yield cipher.update(block.subarray(0, needed)).toString('base64').slice(0, left)
  }
}

/** The same in one piece. */
export function payloadOf(length: number, seed: string): string {
  return [...payloadText(length, seed)].join('')
}
