import type { ReadableSpan } from '@opentelemetry/sdk-trace'

const flatBytes = 700
const attributeBytes = 50
const linkBytes = 200
const elementBytes = 20
const numberBytes = 25

/** A rough upper guess of what a span takes in OTLP/JSON, in bytes: only long strings make it far from the average. */
export function estimateBytes(span: ReadableSpan): number {
  let bytes = flatBytes + span.name.length + (span.status.message?.length ?? 0) + attributesBytes(span.attributes)
  for (const { attributes } of span.links) bytes += linkBytes + (attributes ? attributesBytes(attributes) : 0)
  for (const event of span.events) {
    bytes += attributeBytes + event.name.length
    if (event.attributes) bytes += attributesBytes(event.attributes)
  }
  return bytes
}

function attributesBytes(attributes: Record<string, unknown>): number {
  let bytes = 0
  for (const name in attributes) bytes += attributeBytes + name.length + valueBytes(attributes[name])
  return bytes
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (!Array.isArray(value)) return numberBytes
  let bytes = 0
  for (const element of value) bytes += elementBytes + valueBytes(element)
  return bytes
}
