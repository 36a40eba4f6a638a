import { Buffer } from 'node:buffer'

const twoTo32 = 4_294_967_296

/** Whole seconds of a time since the epoch; what is a hair below one is not rounded up to it. */
export function secondsOf(ms: number): number {
  const seconds = Math.floor(ms / 1000)
  return seconds * 1000 > ms ? seconds - 1 : seconds
}

/** The value of a digit, `0` to `9` and `a` to `f`, by its code. */
const digitOf = (code: number) => (code & 0xf) + (code >>> 6) * 9

/** Protobuf, written by hand into memory that grows: what a generic encoder allocates for each span costs more than the span. */
export class Bytes {
  #buffer: Buffer
  #length = 0

  constructor(capacity = 65_536) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** What was written, as it is until more is written: that starts again. */
  take(): Uint8Array {
    const written = this.#buffer.subarray(0, this.#length)
    this.#length = 0
    return written
  }

  /** The same for good. */
  takeCopy(): Uint8Array {
    return new Uint8Array(this.take())
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + count))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** A whole number from 0 to 2⁵³. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = rest < twoTo32 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }

  /** A whole number, negative ones as the ten bytes of their two's complement. */
  int64(value: number): void {
    if (value >= 0) return this.varint(value)
    let rest = BigInt.asUintN(64, BigInt(value))
    this.#reserve(10)
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80
    this.#buffer[this.#length++] = Number(rest)
  }

  /** 32 bits, with a sign or without. */
  fixed32(value: number): void {
    this.#reserve(4)
    const buffer = this.#buffer
    const at = this.#length
    buffer[at] = value
    buffer[at + 1] = value >>> 8
    buffer[at + 2] = value >>> 16
    buffer[at + 3] = value >>> 24
    this.#length = at + 4
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  /** A time in milliseconds since the epoch as nanoseconds, rounded as the SDK does: seconds and the rest apart. */
  nanoseconds(ms: number): void {
    const seconds = secondsOf(ms)
    const nanos = Math.round((ms - seconds * 1000) * 1e6)
    // seconds × 10⁹ has 61 bits: in two halves of 16 bits and the rest, which doubles carry. No %: of doubles it is slow.
    const upper = Math.floor(seconds / 65_536)
    const high = upper * 1e9
    const highest = Math.floor(high / 65_536)
    const low = (seconds - upper * 65_536) * 1e9 + nanos + (high - highest * 65_536) * 65_536
    this.fixed32(low | 0)
    this.fixed32((highest + Math.floor(low / twoTo32)) | 0)
  }

  /** Hex digits as the bytes that they name, without a length. */
  hex(digits: string): void {
    const { length } = digits
    this.#reserve(length / 2)
    const buffer = this.#buffer
    for (let at = 0; at < length; at += 2)
      buffer[this.#length++] = (digitOf(digits.charCodeAt(at)) << 4) | digitOf(digits.charCodeAt(at + 1))
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    // A copy takes as long as a loop over a dozen bytes, whatever its length.
    if (length > 12) this.#buffer.set(bytes, this.#length)
    else for (let at = 0; at < length; at++) this.#buffer[this.#length + at] = bytes[at] as number
    this.#length += length
  }

  /** Text with its length before it. */
  text(text: string): void {
    if (text.length < 64 && this.#ascii(text)) return
    const length = Buffer.byteLength(text)
    this.varint(length)
    this.#reserve(length)
    this.#length += this.#buffer.write(text, this.#length, 'utf8')
  }

  /**
   * A field that holds a key (written before, with its tag and length) and a short text of ASCII, both of whose lengths are
   * known at once. False, and nothing written, when the text is none or the whole is longer than a length of one byte.
   */
  pair(tag: number, key: Uint8Array, valueTag: number, textTag: number, text: string): boolean {
    const { length } = text
    const whole = key.length + length + 4
    if (whole > 0x7f) return false
    this.#reserve(whole + 2)
    const buffer = this.#buffer
    let at = this.#length
    buffer[at++] = tag
    buffer[at++] = whole
    for (let from = 0; from < key.length; from++) buffer[at++] = key[from] as number
    buffer[at++] = valueTag
    buffer[at++] = length + 2
    buffer[at++] = textTag
    buffer[at++] = length
    for (let from = 0; from < length; from++) {
      const code = text.charCodeAt(from)
      if (code > 0x7f) return false
      buffer[at++] = code
    }
    this.#length = at
    return true
  }

  /** The same for a whole number from 0 to 2³¹−1. False, and nothing written, for any other. */
  pairOfCount(tag: number, key: Uint8Array, valueTag: number, countTag: number, count: number): boolean {
    if ((count | 0) !== count || count < 0 || key.length > 100) return false
    const digits = count < 0x80 ? 1 : count < 0x4000 ? 2 : count < 0x20_0000 ? 3 : count < 0x1000_0000 ? 4 : 5
    this.#reserve(key.length + digits + 5)
    const buffer = this.#buffer
    let at = this.#length
    buffer[at++] = tag
    buffer[at++] = key.length + digits + 3
    for (let from = 0; from < key.length; from++) buffer[at++] = key[from] as number
    buffer[at++] = valueTag
    buffer[at++] = digits + 1
    buffer[at++] = countTag
    let rest = count
    for (; rest >= 0x80; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80
    buffer[at++] = rest
    this.#length = at
    return true
  }

  /** Writes a short text of ASCII; false, and nothing written, when it is none. */
  #ascii(text: string): boolean {
    const { length } = text
    this.#reserve(length + 1)
    const buffer = this.#buffer
    const start = this.#length + 1
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (code > 0x7f) return false
      buffer[start + at] = code
    }
    buffer[this.#length] = length
    this.#length = start + length
    return true
  }

  /**
   * Leaves room for the length of what follows; `close` with what it returned writes it. The room is four bytes whatever the
   * length: protobuf takes a varint that is longer than it need be, and moving what was written would cost more.
   */
  open(): number {
    this.#reserve(4)
    this.#length += 4
    return this.#length
  }

  close(start: number): void {
    const length = this.#length - start
    this.#buffer[start - 4] = (length & 0x7f) | 0x80
    this.#buffer[start - 3] = ((length >>> 7) & 0x7f) | 0x80
    this.#buffer[start - 2] = ((length >>> 14) & 0x7f) | 0x80
    this.#buffer[start - 1] = length >>> 21
  }
}
