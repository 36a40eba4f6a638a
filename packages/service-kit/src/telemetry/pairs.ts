import { validateHeaderName, validateHeaderValue } from 'node:http'
import { z } from 'zod'

/** What is wrong with a pair; undefined where nothing is. Neither may say the value: it may be a secret. */
type Check = (name: string, value: string) => string | undefined

/**
 * `name=value,name=value`, percent-encoded, as `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPORTER_OTLP_HEADERS` have it. The SDK
 * drops what it cannot read without a word; here it is told which pair that is.
 */
function pairs(description: string, check: Check) {
  const parse = (given: unknown, context: z.RefinementCtx) => {
    if (typeof given !== 'string' || given === '') return undefined
    const read: Record<string, string> = {}
    const parts = given.split(',').filter((part) => part.trim() !== '')
    const wrong = parts.flatMap((part, index) => {
      const { name, value, why } = readPair(part, check)
      if (why === undefined) read[name] = value
      return why === undefined ? [] : [`pair ${index + 1}${name && ` (${name})`} ${why}`]
    })
    if (wrong.length === 0) return read
    const message = `name=value pairs with commas between them, percent-encoded; ${wrong.join('; ')}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  return z.preprocess(parse, z.record(z.string(), z.string()).optional().meta({ description }))
}

function readPair(part: string, check: Check): { name: string; value: string; why?: string } {
  const at = part.indexOf('=')
  // Without a name to tell, nothing of it is shown.
  if (at < 0) return { name: '', value: '', why: 'has no =' }
  const [rawName, rawValue] = [part.slice(0, at).trim(), part.slice(at + 1).trim()]
  if (rawName === '') return { name: '', value: '', why: 'has no name' }
  try {
    const [name, value] = [decodeURIComponent(rawName), decodeURIComponent(rawValue)]
    const why = check(name, value)
    return why === undefined ? { name, value } : { name, value, why }
  } catch {
    return { name: rawName, value: '', why: 'has a % that encodes nothing: a % itself is %25' }
  }
}

/** Headers of an export. https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
export const headers = (description: string) =>
  pairs(description, (name, value) => {
    if (value === '') return 'has no value'
    try {
      validateHeaderName(name)
    } catch {
      return 'has a name that no header can have'
    }
    try {
      validateHeaderValue(name, value)
      return undefined
    } catch {
      return 'has a value that no header can have'
    }
  })

/** Attributes of the resource. https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
export const resourceAttributes = (description: string) =>
  pairs(description, (name, value) => {
    if (name.length > 255 || value.length > 255) return 'is longer than 255 characters'
    return undefined
  })

/** Pairs as the SDK reads them back. */
export function pairsText(pairs: Record<string, string>): string {
  return Object.entries(pairs)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join(',')
}
