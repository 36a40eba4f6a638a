import type { RequestHandler } from 'express'
import { notFromOtherSites, only } from 'service-kit/doors'
import { Problem } from 'service-kit/problem'
import { Refusal } from '../otlp/refused.ts'
import type { Traces } from '../traces.ts'
import { openFile } from './open.ts'

/** A page of another origin, on another port of this machine too, cannot send it unasked. */
const fileType = 'application/octet-stream'
/** A file is read as it arrives, some 50 MB a second on a machine that does nothing else, ms. */
export const mostUploadMs = 600_000
/** A sender that sends nothing for so long has left, ms. */
const idleMs = 30_000

/** `POST /files`: opens the file that is its body. One at a time, so that half-read lines of many fill no memory. */
export function fileOpener(traces: Traces): RequestHandler[] {
  let isOpening = false

  const open: RequestHandler = async (req, res) => {
    const type = req.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (type !== fileType)
      throw new Problem(415, 'Unsupported media type', `Content-Type ${type.slice(0, 100)}: expected ${fileType}`)
    if (isOpening) throw new Problem(503, 'Busy', 'Another file is being opened', { headers: { 'Retry-After': '5' } })
    isOpening = true
    req.setTimeout(idleMs, () => req.destroy(new Refusal(400, `Nothing came of the file for ${idleMs / 1000} s`)))
    try {
      const { opened, stopped } = await openFile(req, traces)
      if (!stopped) return void res.json(opened)
      console.error(`trace-inspector did not open a file as a whole: ${stopped.message}`)
      throw new Problem(stopped.status, 'Not opened as a whole', stopped.message, { members: { opened } })
    } finally {
      isOpening = false
      // What still comes is of no use, but an answer is read only by who could send it all.
      req.resume()
    }
  }
  return [only('POST'), notFromOtherSites, open]
}
