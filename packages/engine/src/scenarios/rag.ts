import { flag, integer, number } from 'contract/scalars'
import type { Random } from 'contract/random'
import { maxPayloadKb } from 'contract/tool'
import { drawMs } from '../model.ts'
import { defineScenario } from '../scenario.ts'
import { succeeded } from '../errors.ts'
import { ragLevels } from '../levels/rag.ts'

/** Sigma of the chunks' sizes, whatever the jitter of times is. */
const sizeSigma = 0.5
const bytesPerToken = 4
/** By default a mean chunk is worked on for this long at most, ms. */
const longestMeanMs = 200

/** Sizes in bytes, lognormal around their mean; they add up to `count` × `meanKb` exactly. */
export function chunkSizes(random: Random, count: number, meanKb: number): number[] {
  const total = count * meanKb * 1024
  const draws = Array.from({ length: count }, () => random.lognormal(1, sizeSigma))
  const sum = draws.reduce((a, b) => a + b, 0)
  let drawn = 0
  let given = 0
  return draws.map((draw) => {
    drawn += draw
    const size = Math.round((drawn / sum) * total) - given
    given += size
    return size
  })
}

export const rag = defineScenario({
  name: 'rag',
  description: 'A large retrieval is worked through chunk by chunk before the model answers',
  symptom: 'Some requests are slow, and the network is busy',
  missed: 'Payload size is no dimension of a latency table, so nothing ties the one to the other',
  reveals: 'That time follows size: milliseconds per KB, and the chunk that took longest',
  finding: 'size_latency',
  spans: { agent_app: '7 + rag_chunks', tool_service: '1' },
  params: {
    rag_chunks: integer({ min: 1, max: 1000, default: 5, description: 'Chunks that are retrieved' }),
    rag_chunk_size_kb: integer({ min: 1, max: 10_240, default: 2, description: 'Mean size of a chunk, KB' }),
    ms_per_kb: number({
      min: 0,
      max: 1000,
      description: 'Time that a KB takes; 20 unless given, less where a mean chunk would take over 200 ms',
    }),
    capture_content: flag({
      default: true,
      description: 'Whether chunks carry their text: this scenario is here to stress pipelines with it',
    }),
  },
  derived: {
    ms_per_kb: {
      from: ({ rag_chunk_size_kb }) => Math.min(20, longestMeanMs / rag_chunk_size_kb),
      text: '20, less where a mean chunk would take over 200 ms',
    },
  },
  check: ({ rag_chunks, rag_chunk_size_kb }) =>
    rag_chunks * rag_chunk_size_kb <= maxPayloadKb
      ? []
      : [
          {
            parameter: 'rag_chunk_size_kb',
            value: String(rag_chunk_size_kb),
            expected: `at most ${Math.floor(maxPayloadKb / rag_chunks)} with rag_chunks=${rag_chunks}: 64 MiB altogether`,
          },
        ],
  levels: ragLevels,
  demand: ({ rag_chunks, rag_chunk_size_kb }) => ({
    callsAtOnce: 1,
    calls: 1,
    steps: 8 + rag_chunks,
    payloadBytes: rag_chunks * rag_chunk_size_kb * 1024,
  }),
  run: (workflow, params) => {
    const totalKb = params.rag_chunks * params.rag_chunk_size_kb
    return workflow.invokeAgent(
      'planner',
      { facts: { role: 'planner', chunks: params.rag_chunks, total_kb: totalKb } },
      async (planner) => {
        let payload = ''
        const retrieval = planner.retrieve('knowledge_base', {
          delayMs: params.delay_ms,
          errorRate: params.error_rate,
          payloadKb: totalKb,
          documents: params.rag_chunks,
        })
        if (!(await succeeded(retrieval.then((answer) => (payload = answer.payload))))) return false
        const sizes = chunkSizes(planner.random.fork('sizes'), params.rag_chunks, params.rag_chunk_size_kb)
        let offset = 0
        for (const [index, bytes] of sizes.entries()) {
          const random = planner.random.fork(`chunk/${index}`)
          // A slice of a string keeps the whole of it in memory until the span is exported; a copy does not.
          const content = params.capture_content
            ? Buffer.from(payload.slice(offset, offset + bytes)).toString()
            : undefined
          offset += bytes
          await planner.processChunk({
            index,
            bytes,
            ms: drawMs(random, (bytes / 1024) * params.ms_per_kb, params.jitter),
            content,
          })
        }
        await planner.chat({ context: { sentTokens: 0, newTokens: Math.ceil((totalKb * 1024) / bytesPerToken) } })
        return true
      },
    )
  },
})
