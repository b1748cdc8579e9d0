# One image for all apps: `docker run turnpike ingest.mjs`, `worker.mjs`, `timeline.mjs` or `turnpike.mjs migrate`.

FROM node:20-bookworm-slim AS build
WORKDIR /src
# The manifests alone first: a change of the sources does not install again.
COPY package.json package-lock.json .npmrc ./
COPY apps/ingest/package.json apps/ingest/
COPY apps/timeline/package.json apps/timeline/
COPY apps/turnpike/package.json apps/turnpike/
COPY apps/worker/package.json apps/worker/
COPY packages/async/package.json packages/async/
COPY packages/domain/package.json packages/domain/
COPY packages/embedded/package.json packages/embedded/
COPY packages/kit/package.json packages/kit/
COPY packages/queue/package.json packages/queue/
COPY packages/store/package.json packages/store/
COPY packages/wake/package.json packages/wake/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run bundle

FROM node:20-bookworm-slim
WORKDIR /app
# In the image every app listens on one and the same port, unless told otherwise.
ENV NODE_ENV=production PORT=8080
COPY --from=build /src/dist ./
USER node
EXPOSE 8080
# Whether the process is alive. Whether it can work, which a restart does not heal, is for load balancers: /readyz.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["turnpike.mjs", "--help"]
