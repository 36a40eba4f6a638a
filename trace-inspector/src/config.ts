import { getHeapStatistics } from 'node:v8'
import { readEnvironment } from 'service-kit/environment'
import { integer, text } from 'contract/scalars'
import { answersToken, serviceVariables } from 'service-kit/settings'
import { z } from 'zod'

const { HOST, ALLOWED_HOSTS, DRAIN_TIMEOUT_S } = serviceVariables({ port: 4319, serviceName: 'trace-inspector' })

const url = String.raw`https?://[^\s,]+`
// Addresses stand for the name, which a certificate would have to name.
const agentUrl = String.raw`(dns\+http|https?)://[^\s,]+`
const comma = String.raw`\s*,\s*`
/** Whether all of a list are URLs indeed: no pattern knows which ports there are. */
const areUrls = (list: string) => list.split(',').every((each) => URL.canParse(each.trim().replace(/^dns\+/, '')))

/** Received spans take nine tenths of what they are counted for; what is read and answered meanwhile needs room, too. */
const heapOfSpans = 1.5
/** V8 counts its young generation in, in which nothing stays: 48 of 560 MiB in a container of 1 GiB, and 192 at most. */
export const heapWithin = (limitMib: number) => Math.floor(limitMib - Math.min(192, (limitMib * 48) / 560))
const heapMib = heapWithin(getHeapStatistics().heap_size_limit / 1024 / 1024)
const mostMib = Math.floor(heapMib / heapOfSpans)

const variables = z.object({
  INSPECTOR_PORT: integer({ min: 0, max: 65_535, default: 4319, description: 'Port to listen on' }),
  HOST,
  ALLOWED_HOSTS,
  AGENT_URLS: text({
    pattern: new RegExp(String.raw`^${agentUrl}(${comma}${agentUrl})*$`),
    holds: areUrls,
    expected: 'http or https URLs with commas between them, with dns+ before an http one that names all replicas',
    default: 'http://127.0.0.1:8080,http://127.0.0.1:8082',
    description:
      'The agents whose ledgers traces are verified against; `dns+http://…` asks every address behind the name',
  }),
  INSPECTOR_SHARDS: text({
    pattern: new RegExp(`^${url}(${[1, 3, 7, 15].map((more) => `(${comma}${url}){${more}}`).join('|')})$`),
    holds: areUrls,
    expected: '2, 4, 8 or 16 http or https URLs with commas between them',
    description:
      'All trace-inspectors that share the traces by the first hex digit of their ids, this one among them: what is asked of a trace is handed on to the one that has it',
  }),
  INSPECTOR_MIB: integer({
    min: 1,
    max: 65_536,
    // What nobody asked for is no reason not to start.
    default: Math.min(256, mostMib),
    description: "What received spans may take, MiB; V8's heap has to have room for half as much again",
  }),
  INSPECTOR_OVERLAP_S: integer({
    min: 0,
    max: 86_400,
    default: 0,
    description:
      'For how long after its start another may still take spans that are for this one, s: what is missing of runs from before the end of that is `forgotten`',
  }),
  ANSWERS_TOKEN: answersToken(),
  DRAIN_TIMEOUT_S,
})
const schema = variables.refine(({ INSPECTOR_MIB }) => INSPECTOR_MIB <= mostMib, {
  path: ['INSPECTOR_MIB'],
  error: `at most ${mostMib}, for V8 ends a process whose heap is beyond ${heapMib} MiB: NODE_OPTIONS=--max-old-space-size=MIB gives it more`,
  // Told together with all else that is wrong.
  when: () => true,
})
export type Config = Readonly<z.output<typeof schema>>

/** The environment as configuration; throws an EnvironmentError that lists every bad variable. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  return readEnvironment(schema, environment)
}

export const configSchema = schema
