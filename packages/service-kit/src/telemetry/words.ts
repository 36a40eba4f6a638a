import { z } from 'zod'

/** Words of the specification's are meant whatever their case: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#enum */
export function words<const Word extends string>(known: readonly Word[], description: string) {
  const schema = z.enum(known, { error: `one of ${known.join(', ')}` }).optional()
  return z.preprocess(lowerCase, schema.meta({ description }))
}

/** Some of them, with commas between. */
export function wordList<const Word extends string>(known: readonly Word[], description: string) {
  const error = `some of ${known.join(', ')}, with commas between them`
  const schema = z.array(z.enum(known, { error }), { error }).optional()
  const parse = (text: unknown) => {
    const list = lowerCase(text)
      ?.split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '')
    return list?.length === 0 ? undefined : list
  }
  return z.preprocess(parse, schema.meta({ description }))
}

/** `true` or `false`. */
export function truth(description: string) {
  const parse = (text: unknown) => {
    const word = lowerCase(text)
    return word === 'true' || word === 'false' ? word === 'true' : word
  }
  return z.preprocess(parse, z.boolean({ error: 'true or false' }).optional().meta({ description }))
}

function lowerCase(text: unknown): string | undefined {
  return typeof text === 'string' && text !== '' ? text.toLowerCase() : undefined
}
