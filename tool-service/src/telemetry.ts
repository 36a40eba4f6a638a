import { startTelemetry } from 'service-kit/telemetry'

export const telemetry = startTelemetry({
  serviceName: 'synthetic-tool-service',
  isTraced: (path) => path.startsWith('/tool/'),
})
