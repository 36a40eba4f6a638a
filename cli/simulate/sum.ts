import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Share } from 'engine/mix/plan'
import { Digest } from 'simulate/digest'

/** What `--digest` tells of what was played. */
export const digestLine = (digest: string, spans: number, { index, of }: Share) =>
  `${digest}  ${spans} spans${of > 1 ? ` of shard ${index}/${of}` : ''}`

const line = /^([\da-f]{64}) {2}(\d+) spans of shard (\d+)\/(\d+)$/gm

const usage = `npm run simulate -- sum FILE…

Adds the digests of all shards up: it is the one that a single machine would have told. FILE is what
simulate --digest wrote, one or several shards in one, and whatever else beside it; - is the standard input.`

/** Resolves to the exit code: 1 unless each shard is there, once or with the same digest. */
export async function sumDigests(paths: readonly string[]): Promise<number> {
  if (paths.length === 0 || paths.some((path) => /^-./.test(path))) {
    const isHelp = paths.includes('--help') || paths.includes('-h')
    ;(isHelp ? console.log : console.error)(usage)
    return isHelp ? 0 : 2
  }
  try {
    const texts = await Promise.all(paths.map((path) => (path === '-' ? text(process.stdin) : readFile(path, 'utf8'))))
    console.log(sumOf(texts.join('\n')))
    return 0
  } catch (error) {
    console.error((error as Error).message)
    return 1
  }
}

function sumOf(told: string): string {
  const shards = new Map<string, string>()
  const sum = new Digest()
  let spans = 0
  let all: string | undefined
  for (const [, digest = '', count, index = '', of] of told.matchAll(line)) {
    if (of !== (all ??= of)) throw new Error(`Shard ${index}/${of} is none of ${all}`)
    const other = shards.get(index)
    if (other !== undefined && other !== digest) throw new Error(`Shard ${index}/${of} has two digests`)
    if (other !== undefined) continue
    shards.set(index, digest)
    sum.addAll(Digest.parse(digest))
    spans += Number(count)
  }
  if (all === undefined)
    throw new Error('There is no digest of a shard in it, as simulate --shard 0/2 --digest tells it')
  if (shards.size < Number(all)) throw new Error(`There are ${shards.size} of ${all} shards`)
  return `${sum.toString()}  ${spans} spans`
}
