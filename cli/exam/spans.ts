import { createReadStream } from 'node:fs'
import { genAi } from 'dialects/gen-ai/names'
import { ExamError } from 'exam/read'
import { tableOf } from 'exam/table/build'
import { type ExamSpan, takenIn } from 'exam/table/span'
import type { Table } from 'exam/table/table'
import { linesOf } from '../../trace-inspector/src/file/lines.ts'
import { Malformed } from '../../trace-inspector/src/otlp/fields.ts'
import { decodeJsonLine } from '../../trace-inspector/src/otlp/json.ts'
import type { ReceivedSpan } from '../../trace-inspector/src/otlp/span.ts'
import { toAnalysisStep } from '../../trace-inspector/src/reveal/step.ts'

/** The spans of a file of OTLP's JSON, an export request a line, by trace. Throws an ExamError that names the line. */
export async function readTraces(path: string): Promise<Map<string, ReceivedSpan[]>> {
  const traces = new Map<string, ReceivedSpan[]>()
  let line = 0
  try {
    for await (const { number, bytes } of linesOf(createReadStream(path), Infinity)) {
      line = number
      const { spans, rejected, reason } = decodeJsonLine(bytes)
      if (rejected > 0) throw new ExamError(`${path}, line ${line}: ${reason}`)
      for (const span of spans) {
        const known = traces.get(span.traceId)
        if (known) known.push(span)
        else traces.set(span.traceId, [span])
      }
    }
  } catch (error) {
    if (error instanceof Malformed) throw new ExamError(`${path}, line ${line}: ${error.message}`)
    if (error instanceof Error && 'code' in error) throw new ExamError(`${path} cannot be read: ${error.message}`)
    throw error
  }
  return traces
}

/** Traces as tables of steps. */
export function tablesOf(traces: ReadonlyMap<string, readonly ReceivedSpan[]>): Table[] {
  const read = [...traces].map(([traceId, spans]) => ({ traceId, spans: spans.map(examSpan) }))
  const taken = Map.groupBy(
    read.flatMap(({ spans }) => takenIn(spans) ?? []),
    ({ agent }) => agent.facts.conversation_id,
  )
  return read.map(({ traceId, spans }) => {
    const conversation = spans.find(({ facts }) => facts.conversation_id !== undefined)?.facts.conversation_id
    return tableOf(traceId, spans, conversation === undefined ? [] : taken.get(conversation))
  })
}

function examSpan(span: ReceivedSpan): ExamSpan {
  const { [genAi.inputMessages]: told } = span.attributes
  return {
    ...toAnalysisStep(span, 0),
    told: typeof told === 'string' ? told : undefined,
    links: span.links.map(({ spanId }) => spanId),
  }
}
