import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { seedPattern } from 'contract/tool'
import { type Mix, mixSchema } from 'engine/mix/mix'
import { loadMix } from 'engine/mix/named'
import { planSeed, type Share } from 'engine/mix/plan'
import { parseDuration } from 'engine/mix/quantity'
import { MixError, report } from 'engine/mix/read'
import { readEnvironment } from 'service-kit/environment'
import { withoutCredentials } from 'service-kit/redact'
import { environmentSchema } from 'service-kit/settings'
import { exportProtocol, exportTarget, type ExportTarget } from 'service-kit/telemetry/target'
import { telemetryVariables, writeBack } from 'service-kit/telemetry/variables'
import { type Limits, planWithin, tracesBefore } from 'simulate/limits'
import type { SimulationOptions } from 'simulate/simulation'
import { readUrl, readWhole, UsageError } from '../command.ts'
import { readSecret } from '../secret.ts'
import { readShard } from '../shard.ts'

interface Args {
  mix?: string | undefined
  traces?: string | undefined
  spans?: string | undefined
  duration?: string | undefined
  seed?: string | undefined
  blind?: boolean | undefined
  secret?: string | undefined
  start: string
  to?: string | undefined
  out?: string | undefined
  ledger?: string | undefined
  key?: string | undefined
  workers: string
  'from-unit': string
  shard: string
  digest?: boolean | undefined
}

/** What was meant, in the words of the command line. */
export interface Meant {
  receiver: string | undefined
  fromUnit: number
  limits: Limits
  seed: string
  /** Of blind runs. */
  secret: string | undefined
  /** ISO. */
  start: string
  /** Traces from `fromUnit` on that come before this unit. */
  tracesBefore: (unit: number) => number
}

const most = Number.MAX_SAFE_INTEGER
/** How long a receiver may take nothing: before it has taken anything, and after that. */
const firstPatienceMs = 10_000
const patienceMs = 300_000
/** Where neither --traces nor --spans nor --duration says when to end. */
const tracesByDefault = 1000

/** Throws a UsageError, a MixError or an EnvironmentError, which say all that there is to say. */
export function readSimulation(
  args: Args,
  scenarios: readonly string[],
  env: NodeJS.ProcessEnv,
): { options: Omit<SimulationOptions, 'tell'> & { share: Share }; meant: Meant } {
  const limits = readLimits(args)
  const seed = args.seed ?? randomBytes(4).toString('hex')
  if (!seedPattern.test(seed) || seed.length > 40)
    throw new UsageError(`--seed ${seed}: expected 1 to 40 printable ASCII characters without blanks`)
  const startMs = readStart(args.start)
  const fromUnit = readWhole('--from-unit', args['from-unit'], 0, most)
  const workers = readWhole('--workers', args.workers, 1, 64)
  const share = readShard(args.shard, args.seed)
  if (share.of > 1 && args.start.startsWith('-'))
    throw new UsageError(`--shard ${args.shard}: expected --start beside it, an ISO time, the same for all shards`)
  if (share.of > 1 && limits.spans !== undefined)
    throw new UsageError(
      `--spans ${args.spans}: expected --traces or --duration beside --shard, which all shards share`,
    )
  if (args.mix !== undefined && scenarios.length > 0)
    throw new UsageError(`--mix ${args.mix}: expected no --scenario beside it`)
  const asked = scenarios.length > 0 ? mixOf(scenarios) : loadMix(args.mix ?? 'default')
  const mix = args.blind ? { ...asked, blind: true } : asked
  if (args.secret !== undefined && !mix.blind)
    throw new UsageError('--secret: expected --blind beside it, or a mix that is blind')
  if (share.of > 1 && mix.blind && !(args.secret ?? env.RUN_SECRET))
    throw new UsageError(`--shard ${args.shard}: expected --secret beside it, the same for all shards of a blind mix`)
  const secret = mix.blind ? readSecret(args.secret ?? env.RUN_SECRET) : undefined
  const ofPlan = secret === undefined ? seed : planSeed(mix, seed, secret)
  const written = readFiles(args)
  const settings = readEnvironment(environmentSchema(telemetryVariables), env)
  writeBack(env, settings)
  const target = readTarget(args, settings)
  const options = {
    mix,
    seed: ofPlan,
    secret,
    startMs,
    fromUnit,
    limits,
    share,
    workers,
    digest: args.digest ?? false,
    files: written,
    receiver: target && {
      target,
      maxBatchSpans: settings.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ?? 4096,
      maxBatchBytes: (settings.SPAN_BATCH_MIB ?? 2) * 1024 * 1024,
      exportTimeoutMs: settings.OTEL_BSP_EXPORT_TIMEOUT ?? 30_000,
      patienceMs,
      firstPatienceMs,
    },
  }
  const meant = {
    receiver: target && withoutCredentials(target.url),
    fromUnit,
    limits,
    seed,
    secret,
    start: new Date(startMs).toISOString(),
    tracesBefore: (unit: number) => tracesBefore(unit, planWithin(mix, ofPlan, fromUnit, limits)),
  }
  return { options, meant }
}

function readLimits({ traces, spans, duration }: Args): Limits {
  if (traces === undefined && spans === undefined && duration === undefined) return { traces: tracesByDefault }
  return {
    ...(traces !== undefined && { traces: readWhole('--traces', traces, 1, most) }),
    ...(spans !== undefined && { spans: readWhole('--spans', spans, 1, most) }),
    ...(duration !== undefined && { durationMs: readDuration('--duration', duration) }),
  }
}

function readDuration(option: string, text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0)
    throw new UsageError(`${option} ${text}: expected a time with its unit, such as 90s, 15m, 6h or 2d`)
  return ms
}

/** Each is a file of its own. */
function readFiles({ out, ledger, key }: Args): SimulationOptions['files'] {
  const options = new Map<string, string>()
  for (const [option, path] of Object.entries({ '--out': out, '--ledger': ledger, '--key': key })) {
    if (path === undefined) continue
    const whole = path === '-' ? path : resolve(path)
    const other = options.get(whole)
    if (other !== undefined) throw new UsageError(`${option} ${path}: expected another file than that of ${other}`)
    options.set(whole, option)
  }
  return { out, ledger, key }
}

/** `-24h` is a day ago; otherwise an ISO time. */
function readStart(text: string): number {
  const ago = text.startsWith('-') ? parseDuration(text.slice(1)) : undefined
  const ms = ago === undefined ? (/^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN) : Date.now() - ago
  if (ms > 0) return ms
  throw new UsageError(
    `--start ${text}: expected how long ago, such as -24h, or an ISO time, such as 2026-01-31T09:00:00Z`,
  )
}

/** Each scenario as often as any other, with what it plants by itself. */
function mixOf(scenarios: readonly string[]): Mix {
  const runs = scenarios.map((text) => {
    const [scenario = '', query = ''] = text.split('?', 2)
    return { scenario, params: Object.fromEntries(new URLSearchParams(query)), planted: true }
  })
  const parsed = mixSchema.safeParse({ runs })
  if (parsed.success) return parsed.data
  throw new MixError(
    report(
      '--scenario',
      parsed.error.issues.map(({ message }) => message),
    ),
  )
}

function readTarget({ to, out }: Args, settings: Parameters<typeof exportTarget>[0]): ExportTarget | undefined {
  if (to === 'none' || (to === undefined && out !== undefined)) return undefined
  const protocol = 'http/protobuf'
  if (to === undefined) {
    if (exportProtocol(settings) === 'grpc')
      throw new UsageError('OTEL_EXPORTER_OTLP_PROTOCOL=grpc: expected --to beside it, since spans go by OTLP/HTTP')
    return { ...exportTarget(settings), protocol }
  }
  const url = readUrl('--to', to)
  const isWhole = new URL(url).pathname.endsWith('/v1/traces')
  return {
    ...exportTarget({ [isWhole ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' : 'OTEL_EXPORTER_OTLP_ENDPOINT']: url }),
    protocol,
  }
}
