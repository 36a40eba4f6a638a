import { randomBytes } from 'node:crypto'
import { seedPattern } from 'contract/tool'
import { loadMix } from 'engine/mix/named'
import { planSeed } from 'engine/mix/plan'
import { parseDuration, parseRate } from 'engine/mix/quantity'
import { readUrl, UsageError } from '../command.ts'
import { readSecret } from '../secret.ts'
import { readShard } from '../shard.ts'

export interface LoadArgs {
  mix: string
  rate?: string | undefined
  duration: string
  seed?: string | undefined
  agents: string
  shard: string
  wait: string
  verify: string
  inspector: string
  report?: string | undefined
}

/** What is meant. Throws a UsageError, or a MixError. */
export function readLoad(args: LoadArgs) {
  const { seed = randomBytes(4).toString('hex') } = args
  if (!seedPattern.test(seed) || seed.length > 40)
    throw new UsageError(`--seed ${seed}: expected 1 to 40 printable ASCII characters without blanks`)
  const share = readShard(args.shard, args.seed)
  const mix = { ...loadMix(args.mix), ...(args.rate !== undefined && { rate: readRate(args.rate) }) }
  const { RUN_SECRET } = process.env
  if (share.of > 1 && mix.blind && !RUN_SECRET)
    throw new UsageError(
      `--shard ${args.shard}: expected RUN_SECRET in the environment, the same for all shards of a blind mix`,
    )
  return {
    seed,
    /** What the plan is drawn from. */
    ofPlan: mix.blind ? planSeed(mix, seed, readSecret(RUN_SECRET)) : seed,
    durationMs: readTime('--duration', args.duration),
    patienceMs: readTime('--wait', args.wait),
    share,
    agents: args.agents.split(',').map((url) => readUrl('--agents', url)),
    verified: readShare(args.verify),
    inspector: readUrl('--inspector', args.inspector),
    file: args.report,
    mix,
  }
}

function readTime(option: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new UsageError(`${option} ${text}: expected a time with its unit, such as 90s, 15m or 6h`)
}

function readRate(text: string): number {
  const rate = parseRate(text)
  if (rate !== undefined) return rate
  throw new UsageError(`--rate ${text}: expected a rate above 0, such as 20/s, 3/m or 0.5/h`)
}

function readShare(text: string): number {
  const share = text === 'all' ? 1 : /^\d(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (share <= 1) return share
  throw new UsageError(`--verify ${text}: expected a share from 0 to 1, or all`)
}
