import type { ReadableSpan } from '@opentelemetry/sdk-trace'

const flatBytes = 700
const attributeBytes = 50
const linkBytes = 200

/** A rough upper guess of what a span takes in OTLP/JSON, in bytes: only long strings make it far from the average. */
export function estimateBytes(span: ReadableSpan): number {
  let bytes = flatBytes + span.links.length * linkBytes + attributesBytes(span.attributes)
  for (const event of span.events) {
    bytes += attributeBytes + event.name.length
    if (event.attributes) bytes += attributesBytes(event.attributes)
  }
  return bytes
}

function attributesBytes(attributes: Record<string, unknown>): number {
  let bytes = 0
  for (const name in attributes) {
    const value = attributes[name]
    bytes += attributeBytes + name.length
    bytes += typeof value === 'string' ? value.length : Array.isArray(value) ? String(value).length : 8
  }
  return bytes
}
