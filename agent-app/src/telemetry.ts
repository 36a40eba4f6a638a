import { startTelemetry } from 'service-kit/telemetry'

export const telemetry = startTelemetry({ serviceName: 'synthetic-agent-app', work: /^\/(run|stream|mcp)(\?|$)/ })
