import { inspect } from 'node:util'
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { diagLogLevelFromString, setGlobalErrorHandler } from '@opentelemetry/core'
import { logTelemetry, silenceTelemetry } from './log.ts'

/** What a collector turned down within an export that it accepted. */
export interface Rejection {
  spans: number
  reason?: string
}

let rejection: Rejection = { spans: 0 }

/**
 * What was turned down since the last call. The exporters tell nobody but the diagnostic log, immediately before they report
 * success: that is where it is picked up.
 */
export function takeRejection(): Rejection {
  const taken = rejection
  rejection = { spans: 0 }
  return taken
}

const partialSuccess = 'Received Partial Success response:'

function pickUp(json: unknown): void {
  const { rejectedSpans = 0, errorMessage } = JSON.parse(String(json)) as Record<string, string | number>
  rejection = { spans: Number(rejectedSpans), ...(errorMessage && { reason: String(errorMessage).slice(0, 300) }) }
}

/** Sends the SDK's diagnostics to the log: warnings and worse, unless `OTEL_LOG_LEVEL` says otherwise. */
export function installDiagnostics({ OTEL_LOG_LEVEL }: { readonly OTEL_LOG_LEVEL?: string | undefined }): void {
  const asked = diagLogLevelFromString(OTEL_LOG_LEVEL || undefined) ?? DiagLogLevel.WARN
  silenceTelemetry(asked === DiagLogLevel.NONE)
  const at =
    (level: DiagLogLevel) =>
    (message: string, ...details: unknown[]) => {
      if (message === partialSuccess) pickUp(details[0])
      else if (level <= asked) logTelemetry([message, ...details].map(describe).join(' '))
    }
  const logger = {
    error: at(DiagLogLevel.ERROR),
    warn: at(DiagLogLevel.WARN),
    info: at(DiagLogLevel.INFO),
    debug: at(DiagLogLevel.DEBUG),
    verbose: at(DiagLogLevel.VERBOSE),
  }
  // Partial successes are warnings, and are wanted whatever is to be printed.
  const logLevel = Math.max(asked, DiagLogLevel.WARN)
  diag.setLogger(logger, { logLevel, suppressOverrideMessage: true })
  const told = new Set<string>()
  setGlobalErrorHandler((error) => {
    const text = describe(error)
    // Metrics fail every minute for one reason.
    if (told.has(text) || told.size === 1000) return
    told.add(text)
    diag.error(text)
  })
}

/** In words; where in the code it was noticed helps nobody who reads a service's log. */
function describe(part: unknown): string {
  if (part instanceof Error) return part.name === 'Error' ? part.message : String(part)
  return (typeof part === 'string' ? part : inspect(part, { depth: 2 })).replace(/\n\s+at [^\n]*/g, '')
}
