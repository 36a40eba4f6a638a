import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { withoutCredentials } from 'service-kit/redact'
import { typedPath } from 'service-kit/typed-path'
import { request } from 'undici'
import { type LineWriter, NeverTaken } from './ledger-sink.ts'

const timeoutMs = 30_000
/** Of the answers that say no, those that may be another the next time: too slow, too many. */
const passing = new Set([408, 429])

/** Where `LEDGER_SINK` says: a file of this instance's in the folder of `file:DIR`, or a POST of each line to a URL. */
export function lineWriter(sink: string, instance: string): LineWriter {
  const folder = /^file:(.+)$/.exec(sink)?.[1]
  return folder === undefined ? toUrl(sink) : toFolder(typedPath(folder), instance)
}

function toFolder(folder: string, instance: string): LineWriter {
  // Whatever an instance is called, it names a file in this folder.
  const path = join(folder, `ledgers-${encodeURIComponent(instance)}.jsonl`)
  return {
    name: path,
    async write(line) {
      await mkdir(folder, { recursive: true })
      const file = await open(path, 'a+')
      try {
        if (await endsTorn(file)) await file.appendFile('\n')
        await file.appendFile(line)
      } finally {
        await file.close()
      }
    },
  }
}

/** Whether a write left a part of a line, for want of room or for a sudden end: what comes behind it is a line of its own. */
async function endsTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: size - 1 })
  return buffer.toString() !== '\n'
}

function toUrl(url: string): LineWriter {
  return {
    name: withoutCredentials(url),
    async write(line) {
      const signal = AbortSignal.timeout(timeoutMs)
      const headers = { 'content-type': 'application/x-ndjson' }
      const { statusCode, body } = await request(url, { method: 'POST', headers, body: line, signal })
      await body.dump()
      if (statusCode < 300) return
      const mayPass = statusCode >= 500 || passing.has(statusCode)
      throw new (mayPass ? Error : NeverTaken)(`it answered ${statusCode}`)
    },
  }
}
