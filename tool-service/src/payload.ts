import { createCipheriv, createHash, randomBytes } from 'node:crypto'

const block = Buffer.alloc(48 * 1024)

/**
 * `bytes` characters of text that compression cannot fold away: an AES-256-CTR key stream in base64. The same for the
 * same `seed`, drawn where there is none.
 */
export function payloadText(bytes: number, seed: string | undefined): string {
  if (bytes <= 0) return ''
  const key = seed === undefined ? randomBytes(32) : createHash('sha256').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  const parts: string[] = []
  // 48 KiB of key stream are exactly 64 KiB of base64.
  for (let length = 0; length < bytes; length += 65_536) parts.push(cipher.update(block).toString('base64'))
  return parts.join('').slice(0, bytes)
}
