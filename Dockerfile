# One image a service: docker build --target agent-app . (or tool-service, trace-inspector)
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
# Only what decides about dependencies: a change of sources leaves this layer in the cache.
COPY package.json package-lock.json .npmrc ./
COPY packages/contract/package.json packages/contract/
COPY packages/dialects/package.json packages/dialects/
COPY packages/findings/package.json packages/findings/
COPY packages/engine/package.json packages/engine/
COPY packages/exam/package.json packages/exam/
COPY packages/service-kit/package.json packages/service-kit/
COPY tool-service/package.json tool-service/
COPY agent-app/package.json agent-app/
COPY trace-inspector/package.json trace-inspector/
# The files come with the modes of whoever checked them out; in the container another user reads them.
RUN npm ci --omit=dev --omit=optional && chmod a+r package.json */package.json packages/*/package.json

FROM node:24.21.0-bookworm-slim AS collector-keeper
WORKDIR /app
COPY --chown=node:node otel-collector/src ./
USER node
ENTRYPOINT ["node", "keeper.ts"]

FROM node:24.21.0-bookworm-slim AS runtime
WORKDIR /app
COPY --from=dependencies /app ./
COPY --chown=node:node packages packages
# A container has no machine id, and the host detector complains of that.
ENV NODE_ENV=production HOST=0.0.0.0 OTEL_NODE_RESOURCE_DETECTORS=env,process
USER node
CMD ["node", "--max-semi-space-size=32", "--import", "./src/telemetry.ts", "src/main.ts"]

FROM runtime AS tool-service
COPY --chown=node:node tool-service/src tool-service/src
WORKDIR /app/tool-service
ENV PORT=8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "http.get({ host: `127.0.0.1`, port: process.env.PORT, path: `/health`, agent: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on(`error`, () => process.exit(1))"]

FROM runtime AS agent-app
COPY --chown=node:node agent-app/src agent-app/src
WORKDIR /app/agent-app
ENV PORT=8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "http.get({ host: `127.0.0.1`, port: process.env.PORT, path: `/ready`, agent: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on(`error`, () => process.exit(1))"]

FROM runtime AS trace-inspector
COPY --chown=node:node trace-inspector/src trace-inspector/src
WORKDIR /app/trace-inspector
ENV INSPECTOR_PORT=4319
CMD ["node", "src/main.ts"]
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "http.get({ host: `127.0.0.1`, port: process.env.INSPECTOR_PORT, path: `/ready`, agent: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on(`error`, () => process.exit(1))"]
