import { trace } from '@opentelemetry/api'
import { startTelemetry } from '../../src/telemetry/start.ts'

/** A program that leaves one span, and has nothing else to do; it ends its telemetry when it was given a time for that, ms. */
const telemetry = startTelemetry({ serviceName: 'one-span', work: /^/ })
trace.getTracer('test').startSpan('the span').end()
const deadlineMs = process.argv[2]
if (deadlineMs !== undefined) {
  console.log(`lost ${await telemetry.shutdown(Number(deadlineMs))}`)
  process.exit()
}
