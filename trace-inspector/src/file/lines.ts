import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { maxBodyBytes } from '../otlp/bodies.ts'
import { Refusal } from '../otlp/refused.ts'

export interface Line {
  /** From 1. */
  number: number
  bytes: Buffer
}

const newline = 0x0a
const space = 0x20
const mib = (bytes: number) => Math.ceil(bytes / 1024 / 1024)

/**
 * The lines of a file, but for empty ones, without ever holding more than one of them; what is gzipped is unpacked, whatever
 * it is called. Throws a Refusal when the file unpacked has more than `mostBytes`, or a line more than a request may have;
 * whatever reading `file` throws; and what gzip says of a file that is broken.
 */
export async function* linesOf(file: Readable, mostBytes: number): AsyncGenerator<Line> {
  let number = 1
  let bytes = 0
  let begun: Buffer[] = []
  let begunBytes = 0
  const take = (piece: Buffer) => {
    begun.push(piece)
    begunBytes += piece.length
    if (begunBytes > maxBodyBytes)
      throw new Refusal(413, `Line ${number} has over ${mib(maxBodyBytes)} MiB, which no request may have`)
  }
  const end = (): Line => {
    const line = {
      number: number++,
      bytes: begun.length === 1 ? (begun[0] as Buffer) : Buffer.concat(begun, begunBytes),
    }
    begun = []
    begunBytes = 0
    return line
  }
  for await (const piece of unpacked(file)) {
    bytes += piece.length
    if (bytes > mostBytes)
      throw new Refusal(
        413,
        `The file has over ${mib(mostBytes)} MiB unpacked: raise INSPECTOR_MIB, or open a part of it`,
      )
    let from = 0
    for (let to = piece.indexOf(newline); to >= 0; to = piece.indexOf(newline, from)) {
      take(piece.subarray(from, to))
      from = to + 1
      const line = end()
      if (!isBlank(line)) yield line
    }
    if (from < piece.length) take(piece.subarray(from))
  }
  const last = end()
  if (!isBlank(last)) yield last
}

const isBlank = ({ bytes }: Line) => bytes.every((byte) => byte <= space)

async function* unpacked(file: Readable): AsyncGenerator<Buffer> {
  // Whoever sends a file is to be answered, however little of it was read.
  const pieces = file.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>
  let head = Buffer.alloc(0)
  while (head.length < 2) {
    const { done, value } = await pieces.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  const whole = follow(head, pieces)
  if (head[0] !== 0x1f || head[1] !== 0x8b) return yield* whole
  // What breaks one of the two breaks off the other, and is thrown to whoever reads.
  yield* pipeline(Readable.from(whole), createGunzip(), () => {}) as AsyncIterable<Buffer>
}

async function* follow(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  yield* { [Symbol.asyncIterator]: () => rest }
}
