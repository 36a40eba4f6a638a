import { hash } from 'node:crypto'

/**
 * A digest of a set of spans, whatever their order and however they came: the sum, modulo 2²⁵⁶, of SHA-256 over each span's
 * canonical JSON. Digests of parts add up to that of the whole.
 */
export class Digest {
  /** 32 bits each, the highest first. */
  readonly #words = new Uint32Array(8)

  /** A digest as `toString` gives it. */
  static parse(hex: string): Digest {
    const digest = new Digest()
    digest.#addBytes(Buffer.from(hex, 'hex'))
    return digest
  }

  /** Adds one span. */
  add(canonical: string): void {
    this.#addBytes(hash('sha256', canonical, 'buffer'))
  }

  /** Adds all that another was made of. */
  addAll(other: Digest): void {
    this.#addBytes(Buffer.from(other.toString(), 'hex'))
  }

  /** 64 hex digits. */
  toString(): string {
    return Array.from(this.#words, (word) => word.toString(16).padStart(8, '0')).join('')
  }

  #addBytes(bytes: Buffer): void {
    let carry = 0
    for (let at = 7; at >= 0; at--) {
      const sum = (this.#words[at] as number) + bytes.readUInt32BE(at * 4) + carry
      this.#words[at] = sum
      carry = sum > 0xffff_ffff ? 1 : 0
    }
  }
}
