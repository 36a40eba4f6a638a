import type { Share } from 'engine/mix/plan'
import { UsageError } from './command.ts'

const { JOB_COMPLETION_INDEX: index, JOB_COMPLETIONS: of } = process.env

/** The option of a command that plays a share of a plan; an Indexed Job of Kubernetes says by its environment which. */
export const shardOption = (description: string) =>
  ({
    type: 'string',
    valueHint: 'I/N',
    description: `${description}, 0/3 to 2/3 of three; JOB_COMPLETION_INDEX/JOB_COMPLETIONS`,
    default: index && of ? `${index}/${of}` : '0/1',
  }) as const

/** Which share is meant. Throws a UsageError for none, and for one of several without a seed that all of them have. */
export function readShard(text: string, seed: string | undefined): Share {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []
  if (index === undefined || Number(index) >= Number(of))
    throw new UsageError(`--shard ${text}: expected a share such as 0/3, the first of three, to 2/3, the last`)
  if (Number(of) > 1 && seed === undefined)
    throw new UsageError(`--shard ${text}: expected --seed beside it, the same for all shards`)
  return { index: Number(index), of: Number(of) }
}
