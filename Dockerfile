# The pinned butane, without libc so that it runs in any image.
FROM golang:1.26 AS butane
WORKDIR /src/tools/ignition
COPY tools/ignition/go.mod tools/ignition/go.sum ./
RUN go mod download
RUN version=$(go list -m -f '{{.Version}}' github.com/coreos/ignition/v2) \
 && CGO_ENABLED=0 go build -trimpath -o /out/butane \
      -ldflags "-X github.com/coreos/ignition/v2/butane/internal/version.Raw=$version" \
      github.com/coreos/ignition/v2/butane/internal

# Node.js 24 has long-term support and is the newest that the checks run on.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY tools/bundle.mjs ./tools/
COPY tools/lib/project.mjs ./tools/lib/
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=65536 \
    MALLOC_MMAP_THRESHOLD_=65536 \
    NODE_OPTIONS="--max-semi-space-size=2 --max-old-space-size=1024" \
    PILOTLIGHT_SITE=/site \
    PILOTLIGHT_LISTEN=0.0.0.0:8080 \
    PILOTLIGHT_OPERATOR_LISTEN=127.0.0.1:8081 \
    PILOTLIGHT_STATE_DIR=/var/lib/pilotlight \
    PILOTLIGHT_BUTANE=/usr/local/bin/butane
COPY --from=butane /out/butane /usr/local/bin/butane
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
COPY package.json LICENSE /app/
# A volume takes its owner from the image, so the folder must belong to the user before VOLUME names it.
RUN install --directory --owner=65532 --group=65532 --mode=0750 /var/lib/pilotlight
VOLUME /var/lib/pilotlight
WORKDIR /app
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PILOTLIGHT_OPERATOR_LISTEN.split(':').at(-1) + '/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--no-sparkplug", "--no-maglev", "--expose-gc", "/app/dist/main.js"]
CMD ["serve"]
