import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { SimulateError } from './error.ts'
import { canonicalHead, canonicalSpan, type JsonAttributes, type JsonSpan } from './otlp/canonical.ts'

// Only the frame is checked: what stands in a span is read as it is.
const requestSchema = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.custom<{ attributes?: JsonAttributes }>(isObject).optional(),
        scopeSpans: z
          .array(
            z.object({
              scope: z.custom<{ name?: string; version?: string }>(isObject).optional(),
              spans: z.array(z.custom<JsonSpan>(isObject)).optional(),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
})

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The canonical JSON of every span in a file of OTLP's JSON, a request a line, as `--out` and the Collector's file exporter
 * write it; `-` is the standard input, and what ends in `.gz` is decompressed. Throws a SimulateError that names the line.
 */
export async function* readCanonical(path: string): AsyncGenerator<string> {
  let line = 0
  try {
    for await (const text of createInterface({ input: open(path), crlfDelay: Infinity })) {
      line++
      if (text.trim() !== '') yield* canonicalOf(text, `${path}, line ${line}`)
    }
  } catch (error) {
    if (error instanceof SimulateError) throw error
    throw new SimulateError(`${path} cannot be read: ${(error as Error).message}`)
  }
}

function open(path: string): Readable {
  const file = path === '-' ? process.stdin : createReadStream(path)
  // An error of the file is one of what comes out of it.
  return path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file
}

function* canonicalOf(text: string, where: string): Generator<string> {
  const request = requestSchema.safeParse(parse(text, where))
  if (!request.success) throw new SimulateError(`${where} is no request of OTLP's JSON`)
  for (const { resource, scopeSpans = [] } of request.data.resourceSpans ?? []) {
    for (const { scope, spans = [] } of scopeSpans) {
      const head = canonicalHead(resource, scope)
      for (const span of spans) yield canonicalSpan(head, span)
    }
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SimulateError(`${where} is no JSON: ${(error as Error).message}`)
  }
}
