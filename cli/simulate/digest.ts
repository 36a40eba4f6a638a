import { Digest } from 'simulate/digest'
import { SimulateError } from 'simulate/error'
import { readCanonical } from 'simulate/read-spans'

const usage = `npm run simulate -- digest FILE…

Tells the digest of the spans in files of OTLP's JSON, a request a line, as --out and the Collector's
file exporter write them. - is the standard input; what ends in .gz is decompressed.`

/** Resolves to the exit code. */
export async function digestFile(paths: readonly string[]): Promise<number> {
  if (paths.length === 0 || paths.some((path) => /^-./.test(path))) {
    const isHelp = paths.includes('--help') || paths.includes('-h')
    ;(isHelp ? console.log : console.error)(usage)
    return isHelp ? 0 : 2
  }
  const digest = new Digest()
  let spans = 0
  try {
    for (const path of paths) {
      for await (const canonical of readCanonical(path)) {
        digest.add(canonical)
        spans++
      }
    }
  } catch (error) {
    if (!(error instanceof SimulateError)) throw error
    console.error(error.message)
    return 1
  }
  console.log(`${digest.toString()}  ${spans} spans`)
  return 0
}
