import { hash } from 'node:crypto'

/**
 * Chance as a value. A generator is made from a seed and forked by key, so that what is drawn for `worker/7` depends on
 * nothing but seed and key: not on scheduling, not on how much was drawn elsewhere.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand), its 128 bits of state taken from SHA-256 of seed and key.
 */
export class Random {
  readonly #path: string
  #isSeeded = false
  #a = 0
  #b = 0
  #c = 0
  #counter = 0

  constructor(seed: string) {
    this.#path = seed
  }

  /** Comes before the first draw: many a generator is made to fork others, and nothing is drawn from it. */
  #seed(): void {
    // As text: a Buffer for it would cost more than the hash.
    const digest = hash('sha256', this.#path, 'binary')
    this.#a = word(digest, 0)
    this.#b = word(digest, 4)
    this.#c = word(digest, 8)
    this.#counter = word(digest, 12)
    this.#isSeeded = true
  }

  /** An independent generator for `key`; the same key gives the same one, whatever was drawn before. */
  fork(key: string): Random {
    // A seed has no blanks, so no seed and key can be confused with another seed's.
    return new Random(`${this.#path} ${key}`)
  }

  /** An identifier for `key`: hex digits, at most 64. Nothing is drawn for it. */
  identifier(key: string, digits: number): string {
    return hash('sha256', `${this.#path} ${key}`).slice(0, digits)
  }

  #next(): number {
    if (!this.#isSeeded) this.#seed()
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }

  /** `digits` hex digits, a multiple of eight. */
  hex(digits: number): string {
    const bytes = Buffer.allocUnsafe(digits / 2)
    for (let at = 0; at < bytes.length; at += 4) {
      const word = this.#next()
      bytes[at] = word >>> 24
      bytes[at + 1] = word >>> 16
      bytes[at + 2] = word >>> 8
      bytes[at + 3] = word
    }
    return bytes.toString('hex')
  }

  /** Uniform in [0, 1), 53 bits. */
  float(): number {
    return ((this.#next() >>> 5) * 67_108_864 + (this.#next() >>> 6)) / 9_007_199_254_740_992
  }

  /** True with probability `p`; 0 is never, 1 is always. */
  chance(p: number): boolean {
    return this.float() < p
  }

  /** A whole number in [min, max]. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.float() * (max - min + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T
  }

  /** `count` different whole numbers in [0, population), ascending: Floyd's algorithm. */
  sample(population: number, count: number): number[] {
    const chosen = new Set<number>()
    for (let limit = population - count; limit < population; limit++) {
      const candidate = this.integer(0, limit)
      chosen.add(chosen.has(candidate) ? limit : candidate)
    }
    return [...chosen].sort((a, b) => a - b)
  }

  /**
   * Lognormal with the given median and sigma of the logarithm, cut at `cut` sigma: chance alone then makes no value that
   * looks like an injected fault. Sigma 0 is exactly the median. Box–Muller transform, drawn again beyond the cut.
   */
  lognormal(median: number, sigma: number, cut = 2): number {
    for (;;) {
      const normal = Math.sqrt(-2 * Math.log(1 - this.float())) * Math.cos(2 * Math.PI * this.float())
      if (Math.abs(normal) <= cut) return median * Math.exp(sigma * normal)
    }
  }
}

/** 32 bits, little-endian, of text that has a byte in each character. */
function word(bytes: string, at: number): number {
  const byte = (offset: number) => bytes.charCodeAt(at + offset)
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)
}
