import { signal } from '@preact/signals'
import type { Opened } from '../../../file/open.ts'
import { sentences } from '../../model/opened.ts'

/** A file on its way to trace-inspector, which reads it as it comes. */
export interface Upload {
  name: string
  /** From 0 to 1. */
  share: number
  cancel: () => void
}

/** What came of a file. */
export interface Outcome {
  name: string
  /** What of it is here, in sentences. */
  said: string[]
  /** Why that is not all of it; empty when it is. */
  problem: string
}

export const upload = signal<Upload | null>(null)
export const outcomes = signal<readonly Outcome[]>([])

/**
 * Sends files one after the other to be opened, and keeps what came of each in `outcomes`. Resolves to the trace of one
 * that brought nothing else.
 */
export async function openFiles(files: Iterable<File>): Promise<string | null> {
  if (upload.peek()) return null
  outcomes.value = []
  const traceIds: (string | null)[] = []
  for (const file of files) {
    const answer = await send(file)
    const { opened, problem } = answer
    outcomes.value = [...outcomes.peek(), { name: file.name, said: opened ? sentences(opened) : [], problem }]
    traceIds.push(problem === '' && opened ? opened.trace_id : null)
  }
  return traceIds.length === 1 ? (traceIds[0] ?? null) : null
}

interface Answer {
  opened: Opened | null
  problem: string
}

/** Not by fetch, which does not say how much of a body has gone. */
function send(file: File): Promise<Answer> {
  const request = new XMLHttpRequest()
  const told = new Promise<Answer>((resolve) => {
    const stopped = (problem: string) => resolve({ opened: null, problem })
    request.addEventListener('load', () => resolve(read(request)))
    request.addEventListener('abort', () => stopped('Cancelled: what had come before that is here'))
    request.addEventListener('error', () => stopped('It could not be sent: what had come before that is here'))
  })
  const update = (share: number) => (upload.value = { name: file.name, share, cancel: () => request.abort() })
  request.upload.addEventListener('progress', ({ loaded, total }) => update(total > 0 ? loaded / total : 0))
  update(0)
  request.open('POST', '/files')
  request.setRequestHeader('Content-Type', 'application/octet-stream')
  request.send(file)
  return told.finally(() => (upload.value = null))
}

function read({ status, responseText }: XMLHttpRequest): Answer {
  try {
    const body = JSON.parse(responseText) as Opened & { detail?: string; opened?: Opened }
    if (status === 200) return { opened: body, problem: '' }
    return { opened: body.opened?.lines ? body.opened : null, problem: body.detail ?? `HTTP ${status}` }
  } catch {
    return { opened: null, problem: `HTTP ${status}` }
  }
}
