import { withoutCredentials } from '../redact.ts'

let isSilent = false

/** With `OTEL_LOG_LEVEL=none` nothing is said of telemetry, whatever becomes of it. */
export function silenceTelemetry(silent: boolean): void {
  isSilent = silent
}

export function isTelemetrySilent(): boolean {
  return isSilent
}

export function logTelemetry(line: string): void {
  if (!isSilent) console.error(`telemetry: ${withoutCredentials(line)}`)
}
