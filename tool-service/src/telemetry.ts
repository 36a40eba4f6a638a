import { startTelemetry } from 'service-kit/telemetry'

export const telemetry = startTelemetry({ serviceName: 'synthetic-tool-service', work: /^\/tool\// })
