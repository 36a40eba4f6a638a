import { Random } from './random.ts'
import { choice, flag, integer, number, text } from './scalars.ts'
import { argumentsExpected, type Flaw, flaws } from './toolbox.ts'
import type { ToolResult } from './tools.ts'
import { z } from 'zod'

/**
 * What tool-service and its callers agree on. A call is `GET /tool/{name}`; how the tool is to behave stands in the query
 * (for people) or in the header `x-tool-behavior` (for agents), written as a query string. The header wins.
 */
export const behaviorHeader = 'x-tool-behavior'

/** The longest that a tool takes, ms: a day. */
export const longestDelayMs = 86_400_000

/** The most that one answer carries: 64 MiB. */
export const maxPayloadKb = 65_536

/** A seed, wherever one is written: printable ASCII without blanks. */
export const seedPattern = /^[\x21-\x7e]{1,64}$/

/** How a tool is asked to behave. */
export interface ToolBehavior {
  /** How long it takes, ms. */
  delay_ms: number
  /** The probability that it fails, 0 to 1. */
  error_rate: number
  /** What it answers when it fails. */
  status: number
  /** How long it asks to be left alone when it fails or refuses, s. */
  retry_after_s?: number | undefined
  /** How much it answers, KiB. */
  payload_size_kb: number
  /** Whether it answers in 50 chunks over the delay. */
  stream: boolean
  /** Whether there has to be such a tool, and its schema has to take the arguments: for who knows what `GET /tools` says. */
  strict: boolean
  /** What it is asked, as text of JSON. */
  arguments?: string | undefined
  /** What is wrong with an answer that comes with a 200. */
  flaw?: Flaw | undefined
  /** Another version, another answer to the same arguments. */
  version: number
  /** How many calls it does at the same time; absent: as many as come. */
  capacity?: number | undefined
  /** How many more wait before others are refused. */
  queue: number
  /** With whom it shares that. */
  pool?: string | undefined
  /** With a key, decides whether the call fails and what its payload says; without, chance does. */
  seed?: string | undefined
  key?: string | undefined
}

/** The schema of a behaviour, with a service's defaults for what is not said. */
export function behaviorSchema(defaults: { delayMs: number; errorRate: number; maxDelayMs?: number }) {
  const { maxDelayMs = longestDelayMs } = defaults
  return z.object({
    delay_ms: number({
      min: 0,
      max: maxDelayMs,
      default: defaults.delayMs,
      description: 'How long the tool takes, ms',
    }),
    error_rate: number({ min: 0, max: 1, default: defaults.errorRate, description: 'The probability that it fails' }),
    status: integer({ min: 400, max: 599, default: 503, description: 'What it answers when it fails' }),
    retry_after_s: integer({
      min: 0,
      max: 86_400,
      description: 'How long it asks to be left alone when it fails or refuses, s, in `Retry-After`',
    }),
    payload_size_kb: number({ min: 0, max: maxPayloadKb, default: 0, description: 'How much it answers, KiB' }),
    stream: flag({ default: false, description: 'Answer in 50 chunks over the delay' }),
    strict: flag({
      default: false,
      description:
        'Refuse a tool that `GET /tools` does not have with 404, and arguments that its schema does not take with 422',
    }),
    arguments: text({
      pattern: /^/,
      expected: argumentsExpected,
      description: 'What the tool is asked, as JSON; something plausible unless given',
    }),
    flaw: choice(flaws, {
      description:
        'What is wrong with an answer that comes with 200: it is an error, says that there is nothing, or is cut off',
    }),
    version: integer({
      min: 0,
      max: 1_000_000,
      default: 0,
      description: 'Of what the tool knows: another version, another answer to the same arguments',
    }),
    capacity: integer({
      min: 1,
      max: 10_000,
      description: 'How many calls of this tool are done at the same time; as many as come unless given',
    }),
    queue: integer({
      min: 0,
      max: 10_000,
      default: 0,
      description: 'How many more wait for their turn; the next are refused with 429',
    }),
    pool: text({
      pattern: seedPattern,
      expected: '1 to 64 printable ASCII characters without blanks',
      description: 'Calls of another pool have a capacity of their own',
    }),
    seed: text({
      pattern: seedPattern,
      expected: '1 to 64 printable ASCII characters without blanks',
      description: 'Decides what the tool answers; together with key, whether the call fails',
    }),
    key: text({
      pattern: /^[\x21-\x7e]{1,200}$/,
      expected: '1 to 200 printable ASCII characters without blanks',
      description: 'Tells this call from others of its seed',
    }),
  })
}

/** The value of the header for a call; `key` is `<call>/<attempt>`. */
export function encodeBehavior(behavior: {
  delayMs: number
  errorRate: number
  payloadKb: number
  status?: number | undefined
  retryAfterS?: number | undefined
  /** What an agent asks, as text of JSON: strictly. */
  arguments?: string | undefined
  flaw?: Flaw | undefined
  version?: number | undefined
  seed: string
  key: string
}): string {
  const status = behavior.status === undefined ? '' : `&status=${behavior.status}`
  const retryAfter = behavior.retryAfterS === undefined ? '' : `&retry_after_s=${behavior.retryAfterS}`
  const payload = behavior.payloadKb > 0 ? `&payload_size_kb=${behavior.payloadKb}` : ''
  const asked =
    behavior.arguments === undefined ? '' : `&strict=true&arguments=${encodeURIComponent(behavior.arguments)}`
  const flaw = behavior.flaw === undefined ? '' : `&flaw=${behavior.flaw}`
  const version = behavior.version ? `&version=${behavior.version}` : ''
  return `delay_ms=${behavior.delayMs}&error_rate=${behavior.errorRate}${status}${retryAfter}${payload}${asked}${flaw}${version}&seed=${encodeURIComponent(behavior.seed)}&key=${behavior.key}`
}

/** Whether a call fails: the same for the same seed, key and rate, in whichever process it is asked. */
export function fails(behavior: { errorRate: number; seed: string; key: string }): boolean {
  return behavior.errorRate > 0 && new Random(behavior.seed).fork(`outcome ${behavior.key}`).chance(behavior.errorRate)
}

/** What a tool answers when it succeeds; a failure is a 503, or what was asked for, with a problem body that has `tool`, `delay_ms`, `ok` and `service` too. */
export interface ToolAnswer {
  tool: string
  /** How long the tool took, ms: what it was asked to take. */
  delay_ms: number
  ok: boolean
  /** What it has to say: its shape is the tool's. */
  result: ToolResult
  /** Text beside that, as much as was asked for. */
  payload: string
  /** The service name that its spans carry. */
  service: string
}

export const chunksOfAStream = 50
