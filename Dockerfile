# One image a service, and one for the command line: docker buildx bake, or docker build --target agent-app . and so on
FROM node:24.21.0-bookworm-slim AS manifests
WORKDIR /app
# Only what decides about dependencies: a change of sources leaves the layers of the next stages in the cache.
COPY package.json package-lock.json .npmrc ./
COPY packages/contract/package.json packages/contract/
COPY packages/dialects/package.json packages/dialects/
COPY packages/findings/package.json packages/findings/
COPY packages/engine/package.json packages/engine/
COPY packages/exam/package.json packages/exam/
COPY packages/simulate/package.json packages/simulate/
COPY packages/service-kit/package.json packages/service-kit/
COPY tool-service/package.json tool-service/
COPY agent-app/package.json agent-app/
COPY trace-inspector/package.json trace-inspector/
COPY cli/package.json cli/
# What nobody reads in a container is a third of all dependencies: maps, types, and what is said of a package. Licences stay.
# The files come with the modes of whoever checked them out; in the container another user reads them.
RUN printf '%s\n' \
  'npm ci --omit=dev --omit=optional --workspace "$1" &&' \
  'find node_modules -type f \( -name "*.map" -o -name "*.d.ts" -o -name "*.d.[mc]ts" -o -iname "readme*" -o -iname "changelog*" \) -delete &&' \
  'chmod a+r package.json */package.json packages/*/package.json' >/install

FROM manifests AS tool-service-dependencies
RUN sh -eu /install tool-service

FROM manifests AS agent-app-dependencies
RUN sh -eu /install agent-app

FROM manifests AS trace-inspector-dependencies
# It leaves no spans of its own: of the SDK it needs the API alone.
RUN sh -eu /install trace-inspector && rm -rf node_modules/@grpc && \
  find node_modules/@opentelemetry -mindepth 1 -maxdepth 1 ! -name api -exec rm -rf {} +

FROM manifests AS cli-dependencies
RUN sh -eu /install cli

FROM node:24.21.0-bookworm-slim AS collector-keeper
WORKDIR /app
COPY --chown=node:node otel-collector/src ./
USER node
ENTRYPOINT ["node", "keeper.ts"]

FROM node:24.21.0-bookworm-slim AS runtime
WORKDIR /app
# A container has no machine id, and the host detector complains of that.
ENV NODE_ENV=production HOST=0.0.0.0 OTEL_NODE_RESOURCE_DETECTORS=env,process
USER node
CMD ["node", "--max-semi-space-size=32", "--import", "./src/telemetry.ts", "src/main.ts"]

FROM runtime AS tool-service
COPY --from=tool-service-dependencies /app ./
COPY --chown=node:node packages/contract packages/contract
COPY --chown=node:node packages/dialects packages/dialects
COPY --chown=node:node packages/service-kit packages/service-kit
COPY --chown=node:node tool-service/src tool-service/src
WORKDIR /app/tool-service
ENV PORT=8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "http.get({ host: `127.0.0.1`, port: process.env.PORT, path: `/health`, agent: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on(`error`, () => process.exit(1))"]

FROM runtime AS agent-app
COPY --from=agent-app-dependencies /app ./
COPY --chown=node:node packages packages
COPY --chown=node:node agent-app/src agent-app/src
WORKDIR /app/agent-app
ENV PORT=8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "http.get({ host: `127.0.0.1`, port: process.env.PORT, path: `/ready`, agent: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on(`error`, () => process.exit(1))"]

FROM runtime AS trace-inspector
COPY --from=trace-inspector-dependencies /app ./
COPY --chown=node:node packages packages
COPY --chown=node:node trace-inspector/src trace-inspector/src
WORKDIR /app/trace-inspector
ENV INSPECTOR_PORT=4319
CMD ["node", "src/main.ts"]
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
  CMD ["node", "-e", "http.get({ host: `127.0.0.1`, port: process.env.INSPECTOR_PORT, path: `/ready`, agent: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on(`error`, () => process.exit(1))"]

# docker run IMAGE cli/load.ts --help; cli/simulate.ts, cli/verify.ts and sanity_check.sh likewise
FROM node:24.21.0-bookworm-slim AS cli
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends curl && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
WORKDIR /app
COPY --from=cli-dependencies /app ./
COPY --chown=node:node packages packages
COPY --chown=node:node trace-inspector/src trace-inspector/src
COPY --chown=node:node cli cli
COPY --chown=node:node scripts scripts
COPY --chown=node:node sanity_check.sh ./
ENV NODE_ENV=production
USER node
ENTRYPOINT ["node"]
