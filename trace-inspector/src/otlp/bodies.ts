import type { IncomingMessage } from 'node:http'
import { PassThrough, type Transform } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { Refusal } from './refused.ts'

/** The largest body, unpacked, bytes. A Collector takes 20 MiB, and may gather more than that for the next. */
export const maxBodyBytes = 64 * 1024 * 1024
/** What all bodies that are under way may take together, unpacked, bytes. */
export const bodiesBytes = 2 * maxBodyBytes
/** How long one may take to arrive, ms: a slow one takes from what all have. */
const mostMs = 60_000
/** What a piece of a body takes beside its bytes. */
const pieceBytes = 256

const unpackers: Readonly<Record<string, () => Transform>> = {
  identity: () => new PassThrough(),
  gzip: createGunzip,
  deflate: createInflate,
}

/** Reads the bodies of requests; those that are under way share one budget, however many they are and however slow. */
export class Bodies {
  #held = 0

  /** The body, unpacked. Throws Refusal. */
  async read(req: IncomingMessage): Promise<Buffer> {
    const coding = req.headers['content-encoding']?.trim().toLowerCase() || 'identity'
    if (!Object.hasOwn(unpackers, coding))
      throw new Refusal(415, `Content-Encoding ${JSON.stringify(coding.slice(0, 50))}: expected gzip or deflate`)
    const unpacked = req.pipe((unpackers[coding] as () => Transform)())
    // A pipe ends what it leads into, but does not break it off.
    const leave = () => {
      if (!req.complete) unpacked.destroy(new Error('the sender left before its end'))
    }
    req.once('close', leave).on('error', leave)
    const late = setTimeout(() => unpacked.destroy(new Error(`it took over ${mostMs / 1000} s to arrive`)), mostMs)
    const pieces: Buffer[] = []
    let bytes = 0
    let held = 0
    try {
      for await (const piece of unpacked as AsyncIterable<Buffer>) {
        bytes += piece.length
        if (bytes > maxBodyBytes)
          throw new Refusal(413, `The body has over ${maxBodyBytes} bytes unpacked: send smaller batches`)
        held += piece.length + pieceBytes
        this.#held += piece.length + pieceBytes
        if (this.#held > bodiesBytes)
          throw new Refusal(503, `Bodies under way take over ${bodiesBytes} bytes: send it again`, {
            'Retry-After': '1',
          })
        pieces.push(piece)
      }
      return Buffer.concat(pieces, bytes)
    } catch (error) {
      throw error instanceof Refusal
        ? error
        : new Refusal(400, `The body could not be read: ${(error as Error).message}`)
    } finally {
      clearTimeout(late)
      this.#held -= held
      // What still comes is of no use, but an answer is read only by who could send it all.
      req.unpipe(unpacked).resume()
    }
  }
}
