import { inspect } from 'node:util'
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { diagLogLevelFromString, setGlobalErrorHandler } from '@opentelemetry/core'
import { logTelemetry, silenceTelemetry } from './log.ts'

/** Sends the SDK's diagnostics to the log: warnings and worse, unless `OTEL_LOG_LEVEL` says otherwise. */
export function installDiagnostics({ OTEL_LOG_LEVEL }: { readonly OTEL_LOG_LEVEL?: string | undefined }): void {
  const logLevel = diagLogLevelFromString(OTEL_LOG_LEVEL || undefined) ?? DiagLogLevel.WARN
  silenceTelemetry(logLevel === DiagLogLevel.NONE)
  const log = (...parts: unknown[]) => logTelemetry(parts.map(describe).join(' '))
  const logger = { error: log, warn: log, info: log, debug: log, verbose: log }
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
